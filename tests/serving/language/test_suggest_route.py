"""`GET /v1/suggest`: what candidates and the taxonomy offer for what was typed, and what is refused."""

from urllib.parse import urlencode

import pytest

from components.language.taxonomy import Used
from metier.contract import SURFACES
from serving.candidates.suggestions import used_by


def suggested(client, **asked):
    return client.get(f"/v1/suggest?{urlencode(asked)}").json()["suggestions"]


def test_a_skill_is_offered_with_its_id_and_the_alias_that_was_begun(client):
    assert {"text": "Kubernetes", "kind": "skill", "skill_id": "kubernetes", "alias": "K8s"} in suggested(
        client, q="k8s"
    )


def test_titles_of_shown_candidates_are_offered_and_no_others(client, engine):
    versions = engine.stages["talent_search"].snapshot.candidates.versions
    rows = versions.select(["title", "status"]).to_pylist()
    listed = {row["title"].lower() for row in rows if row["status"] == "listed"}
    title = next(row["title"] for row in rows if row["status"] == "listed")
    offered = suggested(client, q=title, limit=20)
    assert title.lower() in {each["text"].lower() for each in offered if each["kind"] == "title"}
    hidden = {row["title"].lower() for row in rows} - listed
    people = used_by(engine.stages[name].snapshot for name in SURFACES if name == "talent_search")
    assert not hidden & {name.lower() for name in people.titles}
    assert used_by([]) == Used()


@pytest.mark.parametrize(
    ("asked", "field"),
    [({}, "query.q"), ({"q": ""}, "query.q"), ({"q": "x" * 101}, "query.q"), ({"q": "x", "limit": 21}, "query.limit")],
)
def test_what_cannot_be_asked_is_named(client, asked, field):
    answer = client.get(f"/v1/suggest?{urlencode(asked)}")
    assert answer.status_code == 422
    assert answer.json()["error"].startswith(f"{field}: ")
