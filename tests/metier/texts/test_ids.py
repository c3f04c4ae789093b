"""Ids that hold an e-mail address have one name, at every door."""

from datetime import UTC, datetime
from hashlib import sha256

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from components.importers.ingest import ingest
from components.privacy.forget import forget
from metier.contract import FREELANCERS, INTERACTIONS
from metier.errors import InputError
from metier.lake import Lake
from metier.lake.upkeep import migrate
from metier.settings import Settings
from metier.texts.fields import Id
from metier.texts.ids import are_ordinary, is_ordinary, plain_id, plain_ids, why_no_id, with_plain_ids
from serving.events.versions import version_row
from serving.http.events import FreelancerVersion, Interaction
from serving.http.ranking import Rank

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
JANE = "jane@mail.example"
HASH = f"id-{sha256(b'jane@mail.example').hexdigest()[:24]}"
PERSON = {"title": "Cook", "overview": "Soup", "skills": ["soup"], "status": "listed"}


def person(name):
    clocks = {"event_timestamp": NOON, "recorded_at": NOON}
    return pa.Table.from_pylist([{"freelancer_id": name, **PERSON, **clocks}], FREELANCERS.schema)


def applied(name):
    row = {"interaction_id": f"{name} applied", "kind": "apply", "side": "freelancer", "freelancer_id": name}
    clocks = {"event_timestamp": NOON, "recorded_at": NOON}
    return pa.Table.from_pylist([{**row, "job_id": "j", **clocks}], INTERACTIONS.schema)


@pytest.mark.parametrize("spelled", [JANE, "Jane@Mail.example", f" {JANE} ", "jane@mail.example\u200b"])
def test_an_address_is_its_hash_however_it_is_spelled(spelled):
    assert plain_id(spelled) == HASH


@pytest.mark.parametrize("name", ["fr_1", "a@b", "@handle", "3@7", HASH, "id (at home)"])
def test_other_ids_stay_as_they_are(name):
    assert plain_id(name) == name


SPELLINGS = st.one_of(
    st.text(), st.text("aAeE.,:+-_19@([{ ]tTrRuU"), st.sampled_from(["true", "FALSE", "1e+5", "true "])
)


@given(SPELLINGS)
def test_what_is_ordinary_is_its_own_spelling_and_names_somebody(name):
    if is_ordinary(name):
        assert (why_no_id(name), plain_id(name), name.strip()) == (None, name, name)


@given(st.lists(SPELLINGS, min_size=1))
def test_texts_are_ordinary_together_where_each_is(names):
    assert are_ordinary(names) == all(map(is_ordinary, names))


@pytest.mark.parametrize("names", [["a", "b"], ["a\nb"], ["a", ""], ["a", "true"], ["true", "a"], ["a\n"], ["é"]])
def test_a_line_break_within_an_id_makes_no_two_of_it(names):
    assert are_ordinary(names) == all(map(is_ordinary, names))


@pytest.mark.parametrize("name", ["fr_000042", "3f2a-9c1d", "123", "a.b:c", "truest", HASH])
def test_most_ids_are_ordinary(name):
    assert is_ordinary(name)


def test_columns_are_read_as_each_id_is():
    ids, hashed = plain_ids(pa.chunked_array([["a", JANE, None], [JANE]]))
    assert (ids.to_pylist(), hashed) == (["a", HASH, None, HASH], 2)
    rows, by_column = with_plain_ids(
        pa.table({"job_id": [JANE], "title": [JANE], "rank_id": [1]}), ["job_id", "rank_id"]
    )
    assert (rows.to_pylist(), by_column) == ([{"job_id": HASH, "title": JANE, "rank_id": 1}], {"job_id": 1})


def test_every_door_gives_the_person_one_name(tmp_path):
    lake = Lake(str(tmp_path / "lake"))
    report = ingest(lake, [("freelancers", "people", person(JANE)), ("interactions", "acts", applied(JANE))], NOON)
    assert lake.read("freelancers")["freelancer_id"].to_pylist() == [HASH]
    assert lake.read("interactions")["freelancer_id"].to_pylist() == [HASH]
    assert report.tables["freelancers"].texts.masked == {"freelancer_id": {"e-mail": 1}}
    assert TypeAdapter(Id).validate_python(JANE) == HASH
    asked = Rank(surface="talent_search", actor_id=JANE, candidates=[JANE, "f"], exclude=[JANE], text="soup")
    assert (asked.actor_id, asked.candidates, asked.exclude) == (HASH, [HASH, "f"], [HASH])
    told = Interaction(interaction_id="i", kind="hire", side="client", freelancer_id=JANE, client_id=JANE)
    assert (told.freelancer_id, told.client_id) == (HASH, HASH)


def test_a_skill_that_is_only_an_address_is_none_at_either_door(tmp_path):
    skills = ["soup", JANE, "https://x.example/jane"]
    sent = FreelancerVersion(title="Cook", overview="Soup", skills=skills)
    assert version_row("freelancers", {"freelancer_id": "f", **sent.model_dump()}, NOON)["skills"] == ["soup"]
    lake = Lake(str(tmp_path / "lake"))
    lists = pa.array([skills], pa.list_(pa.string()))
    ingest(lake, [("freelancers", "people", person("f").set_column(3, "skills", lists))], NOON)
    assert lake.read("freelancers")["skills"].to_pylist() == [["soup"]]


def test_a_lake_that_kept_an_address_in_clear_is_migrated(tmp_path):
    lake = Lake(str(tmp_path / "lake"))
    for name, rows in (("freelancers", person(JANE)), ("freelancers", person("f")), ("interactions", applied(JANE))):
        lake.append(name, rows)
    migrate(lake)
    assert sorted(lake.read("freelancers")["freelancer_id"].to_pylist()) == ["f", HASH]
    assert lake.read("interactions").to_pylist()[0]["freelancer_id"] == HASH
    assert JANE not in str(lake.read("interactions").to_pylist())


def test_who_is_forgotten_by_address_leaves_under_either_name(tmp_path):
    settings = Settings(home=tmp_path)
    lake = Lake(settings.lake)
    for name in (JANE, HASH, "f"):
        lake.append("freelancers", person(name))
    assert forget(settings, JANE, NOON).rows["lake.freelancers"] == 2
    assert lake.read("freelancers")["freelancer_id"].to_pylist() == ["f"]
    with pytest.raises(InputError, match=r"nothing in .* knows 'nobody@mail.example'"):
        forget(settings, "nobody@mail.example", NOON)
