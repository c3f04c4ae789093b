"""Bad input meets one line of JSON and a 4xx before any work is done, and the server goes on."""

import gzip
import json
from datetime import datetime, timedelta
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.importers.logs.endpoint import import_logs
from metier.contract import KINDS, SURFACES
from metier.lake import Lake
from tests.serving.world import HTTP, ROUTES, logged, served

HALF = "\ud83d"
"""Half of a surrogate pair, which JSON can spell and UTF-8 cannot."""
PERSON = {"title": "Line cook", "overview": "Busy bistros", "skills": ["grilling"]}
JOB = {"title": "Line cook wanted", "description": "Evenings", "skills": []}
EVENT = {"interaction_id": "i", "kind": "click", "side": "client", "freelancer_id": "f", "job_id": "j"}


def told(answer):
    """The reason of a refusal: one short line of JSON."""
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/json"
    (name, reason), *more = answer.json().items()
    assert (name, more) == ("error", [])
    assert 0 < len(reason) <= 600
    assert reason.isprintable()
    assert "Value error" not in reason
    assert "constrained-" not in reason
    return answer.status_code, reason


@pytest.fixture(autouse=True)
def still_answers(client, world):
    yield
    assert client.ranked("/v1/feed/jobs", world.body("job_feed"))["tier"] == "ensemble"


@pytest.mark.parametrize(
    ("surface", "change", "reason"),
    [
        ("applicant_review", {"actor_id": None}, "actor_id: Input should be a valid string"),
        ("job_feed", {"actor_id": ""}, "actor_id: String should have at least 1 character"),
        ("job_feed", {"actor_id": " \t"}, "actor_id: an id is more than white space"),
        ("job_feed", {"actor_id": "x" * 900_000}, "actor_id: String should have at most 200 characters"),
        ("job_feed", {"actor_id": 7}, "actor_id: Input should be a valid string"),
        ("job_feed", {"actor_id": ["fr_000000"]}, "actor_id: Input should be a valid string"),
        ("job_feed", {"actor_id": HALF}, "actor_id: Input should be a valid string"),
        ("job_feed", {"text": HALF}, "text: Input should be a valid string"),
        ("job_feed", {"text": "x" * 60_000}, "text: String should have at most 50000 characters"),
        ("job_feed", {"context": {"page": HALF}}, "context.page"),
        ("job_feed", {"context": {HALF: "page"}}, "context."),
        ("job_feed", {"context": {"page": {"deep": 1}}}, "context.page"),
        ("job_feed", {"context": {"page": float("inf")}}, "context.page"),
        ("job_feed", {"filters": {"skills": [HALF]}}, "filters.skills"),
        ("job_feed", {"filters": {HALF: "x"}}, "filters."),
        ("job_feed", {"filters": {"x" * 400_000: 1}}, f"filters.{'x' * 60}.[key]: String should have at most"),
        ("job_feed", {"filters": {"skills": {"any": 1}}}, "filters.skills: give a text or a list of texts"),
        ("job_feed", {"filters": {"skills": ["a", 1]}}, "filters.skills: give a text or a list of texts"),
        ("job_feed", {"filters": {"skills": ["x" * 501]}}, "filters.skills: String should have at most 500 characters"),
        ("job_feed", {"filters": {"budget_min_usd": {}}}, "filters.budget_min_usd: give a number"),
        ("job_feed", {"filters": {"posted_since": {}}}, "filters.posted_since: give an ISO date such as 2026-01-31"),
        ("talent_search", {"filters": {"rate_max_usd": {}}}, "filters.rate_max_usd: give a number"),
        ("job_feed", {"context": {"page": []}}, "context.page: give a text, a number, a boolean or null"),
        ("job_feed", {"filters": {"colour": "red"}}, "unknown filter 'colour'; use one of"),
        ("job_feed", {"filters": {"category": 7}}, "filter category is 7; give a text or a list of texts"),
        ("job_feed", {"filters": {"budget_min_usd": ["x" * 500] * 200}}, "filter budget_min_usd is ['xxx"),
        ("job_feed", {"filters": {"budget_min_usd": float("nan")}}, "filters.budget_min_usd"),
        ("job_feed", {"filters": {"budget_min_usd": 10**400}}, "filters.budget_min_usd"),
        ("job_feed", {"filters": {"posted_since": "soon"}}, "filter posted_since is 'soon'; give an ISO date"),
        ("job_feed", {"k": 0}, "k: Input should be greater than or equal to 1"),
        ("job_feed", {"k": 1_000}, "k: Input should be less than or equal to 100"),
        ("job_feed", {"k": "many"}, "k: Input should be a valid integer"),
        ("job_feed", {"k": float("nan")}, "k: Input should be a finite number"),
        ("job_feed", {"deadline_ms": float("inf")}, "deadline_ms: Input should be a finite number"),
        ("job_feed", {"deadline_ms": 0}, "deadline_ms: Input should be greater than or equal to 1"),
        ("job_feed", {"deadline_ms": 0.999}, "deadline_ms: Input should be greater than or equal to 1"),
        ("job_feed", {"explain": 11}, "explain: Input should be less than or equal to 10"),
        ("job_feed", {"timings": "perhaps"}, "timings: Input should be a valid boolean"),
        ("job_feed", {"exclude": "fr_000000"}, "exclude: Input should be a valid list"),
        ("job_feed", {"exclude": ["x"] * 1_001}, "exclude: List should have at most 1000 items"),
        ("job_feed", {"promoted": [{"candidate_id": "x", "rank": 0}]}, "promoted.0.rank: Input should be greater"),
        ("job_feed", {"kk": 1}, "kk: Extra inputs are not permitted"),
        ("job_feed", {"a\nb": 1}, "a?b: Extra inputs are not permitted"),
        ("job_feed", {"x" * 900_000: 1}, f"{'x' * 60}: Extra inputs are not permitted"),
        ("job_feed", {HALF: 1}, "the body: Input should be a valid string"),
        ("talent_search", {"job_id": None}, "the body: give job_id, text or both"),
        ("talent_search", {"job_id": None, "text": " \n"}, "the body: give job_id, text or both"),
        ("talent_search", {"surface": "talent_search"}, "surface: Extra inputs are not permitted"),
        ("applicant_review", {"job_id": None}, "job_id: Input should be a valid string"),
        ("applicant_review", {"text": "cook"}, "text: Extra inputs are not permitted"),
    ],
)  # fmt: skip
def test_a_ranking_request_that_cannot_be_used_is_refused_with_its_field(client, world, surface, change, reason):
    content = json.dumps({**world.body(surface), **change})
    assert told(client.send("POST", ROUTES[surface], content))[1].startswith(reason)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"surface": "feed"}, "surface: Input should be 'talent_search', 'job_feed' or 'applicant_review'"),
        ({"surface": None}, "surface: Input should be"),
        ({"candidates": []}, "candidates: List should have at least 1 item"),
        ({"candidates": ["a", "b", "a"]}, "the body: candidate 'a' is listed twice; list each once"),
        ({"candidates": [str(number) for number in range(10_000)]}, "candidates: List should have at most 1000 items"),
        ({"candidates": [HALF]}, "candidates.0: Input should be a valid string"),
        ({"candidates": [None]}, "candidates.0: Input should be a valid string"),
        ({"candidates": {"a": 1}}, "candidates: Input should be a valid list"),
        ({"surface": "applicant_review"}, "the body: applicant_review needs actor_id and job_id"),
    ],
)
def test_candidates_of_the_caller_that_cannot_be_used_are_refused(client, world, change, reason):
    body = {**world.body("job_feed"), "surface": "job_feed", "candidates": ["a"], **change}
    status, found = told(client.send("POST", "/v1/rank", json.dumps(body)))
    assert status == 422
    assert found.startswith(reason)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"job_id": None}, "interactions.0: give job_id, client_id or both"),
        ({"kind": "like"}, "interactions.0.kind: Input should be 'click', 'save', 'dismiss'"),
        ({"side": "both"}, "interactions.0.side: Input should be 'client' or 'freelancer'"),
        ({"freelancer_id": HALF}, "interactions.0.freelancer_id: Input should be a valid string"),
        ({"interaction_id": " "}, "interactions.0.interaction_id: an id is more than white space"),
        ({"value_usd": float("inf")}, "interactions.0.value_usd: Input should be a finite number"),
        ({"dwell_seconds": -1}, "interactions.0.dwell_seconds: Input should be greater than or equal to 0"),
        ({"event_timestamp": "2026-02-01T10:00:00"}, "interactions.0.event_timestamp: Input should have timezone"),
        ({"event_timestamp": -1}, "interaction 'i' lies before 1990-01-01 (1969-12-31T23:59:59+00:00); send when it"),
        ({"event_timestamp": "2027-02-01T10:00:00Z"}, "interaction 'i' lies in the future (2027-02-01T10:00:00+00:00)"),
        (
            {"event_timestamp": "9999-12-31T23:00:00-02:00"},
            "interactions.0.event_timestamp: give a moment",
        ),
        (
            {"event_timestamp": "0001-01-01T01:00:00+02:00"},
            "interactions.0.event_timestamp: give a moment",
        ),
        ({"event_timestamp": "yesterday"}, "interactions.0.event_timestamp: Input should be a valid datetime"),
        ({"colour": "red"}, "interactions.0.colour: Extra inputs are not permitted"),
    ],
)
def test_an_interaction_that_cannot_be_used_is_refused_with_all_that_came_with_it(client, world, change, reason):
    sound = {**EVENT, "interaction_id": "sound"}
    content = json.dumps({"interactions": [{**EVENT, **change}, sound]})
    status, found = told(client.send("POST", "/v1/interactions", content))
    assert status == 422
    assert found.startswith(reason)
    assert not [row for row in logged(world.settings.events, "interactions") if row["interaction_id"] == "sound"]


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("/v1/freelancers/f", {**PERSON, "title": None}, "title: Input should be a valid string"),
        ("/v1/freelancers/f", {**PERSON, "hourly_rate_usd": -1}, "hourly_rate_usd: Input should be greater"),
        (
            "/v1/freelancers/f",
            {**PERSON, "status": "gone"},
            "status: Input should be 'listed', 'unava",
        ),
        ("/v1/freelancers/f", {**PERSON, "joined_at": "0001-01-01T00:00:00+01:00"}, "joined_at: give"),
        ("/v1/freelancers/f", {"title": "Line cook"}, "overview: Field required (and 1 more)"),
        (f"/v1/freelancers/{'f' * 300}", PERSON, "path.freelancer_id: String should have at most 200 characters"),
        ("/v1/freelancers/%20", PERSON, "path.freelancer_id: an id is more than white space"),
        (
            "/v1/jobs/j",
            {**JOB, "event_timestamp": "1989-12-31T23:59:59Z"},
            "this version of job lies before 1990-01-01",
        ),
        ("/v1/jobs/j", {**JOB, "openings": 0}, "openings: Input should be greater than or equal to 1"),
        ("/v1/jobs/j", {**JOB, "job_id": "j"}, "job_id: Extra inputs are not permitted"),
        ("/v1/jobs/j", {**JOB, "skills": "cooking"}, "skills: Input should be a valid list"),
        ("/v1/jobs/j", {**JOB, "posted_at": "9999-12-31T23:59:59-01:00"}, "posted_at: give a moment"),
        ("/v1/jobs/j", {**JOB, "posted_at": "2036-01-01T00:00:00Z"}, "posted_at of this version of job lies in the fu"),
        ("/v1/freelancers/f", {**PERSON, "joined_at": "2036-01-01T00:00:00Z"}, "joined_at of this version of freelanc"),
        (
            "/v1/clients/c",
            {"joined_at": "0001-01-01T00:00:00Z"},
            "joined_at of this version of client lies before 1990",
        ),
        (
            "/v1/jobs/j",
            {**JOB, "budget_min_usd": 80_000, "budget_max_usd": 60_000},
            "the body: budget_min_usd 80000 is above budget_max_usd 60000; give the lower one first",
        ),
        (
            "/v1/jobs/j",
            {**JOB, "salary_min_usd": 2, "salary_max_usd": 1},
            "the body: salary_min_usd 2 is above salary_max_usd 1",
        ),
        ("/v1/jobs/j", {**JOB, "title": " ", "description": ""}, "the body: an open job has a title or a description"),
        (
            "/v1/freelancers/f",
            {"title": "", "overview": " ", "skills": [""]},
            "the body: a listed freelancer has a title, an overview or skills",
        ),
    ],
)
def test_a_version_that_cannot_be_used_is_refused(client, path, body, reason):
    assert told(client.send("PUT", path, json.dumps(body)))[1].startswith(reason)


@pytest.mark.parametrize("path", [*ROUTES.values(), "/v1/rank", "/v1/interactions"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the body: Field required"),
        (b"{", "the body is not JSON ("),
        (b'{"actor_id": "fr_000000"}}', "the body is not JSON (Extra data, character 25)"),
        (b'{"actor_id": "\xff\xfe"}', "the body is not UTF-8 (byte 14); send JSON in UTF-8"),
        (b'{"k": ' + b"9" * 5_000 + b"}", "the body holds a number of thousands of digits; "),
        (b"[" * 200_000, "the body is nested too deeply; "),
        (b'{"a": ' + b"[" * 32 + b"]" * 32 + b"}", "the body is nested too deeply; "),
        (b'{"a": "' + b"[" * 32 + b'", "b": [{}, {}], "b": 1}', 'the body gives "b" twice in one object; '),
        (b'{"a": ' + b"[" * 5_000 + b"]" * 5_000 + b"}", "the body is nested too deeply; "),
        (b'{"k": 1, "a": {"b": 1, "b": 2}}', 'the body gives "b" twice in one object; give each key once'),
        (b"[]", "the body: Input should be a valid dictionary"),
        (b'"actor_id"', "the body: Input should be a valid dictionary"),
        (b"null", "the body: "),
        (b"NaN", "the body: Input should be a valid dictionary"),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(client, path, content, reason):
    assert told(client.send("POST", path, content))[1].startswith(reason)


@pytest.mark.parametrize("path", [*ROUTES.values(), "/v1/rank", "/v1/interactions", "/v1/unknown"])
@pytest.mark.parametrize("whole", [True, False], ids=["told its length", "in chunks"])
def test_a_body_of_five_megabytes_is_refused(client, path, whole):
    content = b'{"actor_id": "' + b"x" * 5_000_000 + b'"}'
    chunks = (content[start : start + 65_536] for start in range(0, len(content), 65_536))
    status, reason = told(client.send("POST", path, content if whole else chunks))
    assert status == 413
    assert reason == "the body is over 1,000,000 bytes; send fewer candidates or events at a time"


PACKED = gzip.compress(b'{"k": 1}', mtime=0)


@pytest.mark.parametrize(
    ("headers", "content", "status", "reason"),
    [
        ({"content-encoding": "gzip"}, b'{"k": 1}', 400, "the body is not gzip; send what its content-encoding says"),
        ({"content-encoding": "gzip"}, PACKED[:-4], 400, "the body is not one whole gzip stream; send it again"),
        ({"content-encoding": "gzip"}, PACKED + PACKED, 400, "the body is not one whole gzip stream; send it again"),
        ({"content-encoding": "deflate"}, b"{}", 400, "the body is not deflate; send what its content-encoding says"),
        (
            {"content-encoding": "gzip"},
            gzip.compress(bytes(1_000_001), mtime=0),
            413,
            "the body is over 1,000,000 bytes; ",
        ),
        ({"content-encoding": "br"}, b"{}", 415, "bodies are read as they are, as gzip or as deflate; send it so"),
        ({"content-encoding": "gzip, gzip"}, b"{}", 415, "bodies are read as they are, as gzip or as deflate; "),
        ({"content-type": "application/json; charset=utf-16"}, b"{}", 415, "JSON is read in UTF-8; send it so, "),
        ({"content-type": "application/json; charset=Latin-1"}, b"{}", 415, "JSON is read in UTF-8; send it so, "),
    ],
)
def test_a_body_in_a_coding_that_is_not_read_is_refused(client, headers, content, status, reason):
    sent = {"content-type": "application/json", **headers}
    found = told(HTTP.post(f"{client.url}/v1/rank", content=content, headers=sent))
    assert found[0] == status
    assert found[1].startswith(reason)


def test_a_compressed_body_is_read(client, world):
    sent = {"content-type": "application/json", "content-encoding": "gzip"}
    body = gzip.compress(json.dumps(world.body("job_feed")).encode())
    assert HTTP.post(f"{client.url}/v1/feed/jobs", content=body, headers=sent).json()["tier"] == "ensemble"


def test_a_body_that_is_not_called_json_is_told_the_header(client, world):
    body = json.dumps(world.body("job_feed"))
    for kind in ("application/x-www-form-urlencoded", "text/plain"):
        answer = client.send("POST", "/v1/feed/jobs", body, kind)
        assert told(answer) == (415, "the body is not called JSON; send the header content-type: application/json")


def test_a_refused_path_or_method_names_where_the_routes_are(client):
    for method, path in (("POST", "/v1/unknown"), ("GET", "/v1/feed/jobs"), ("DELETE", "/v1/jobs/j"), ("GET", "/")):
        assert told(client.send(method, path, b"{}"))[1].endswith("; routes are at /docs")


def test_other_paths_and_methods_are_refused(client):
    assert told(client.send("POST", "/v1/unknown", b"{}"))[0] == 404
    assert told(client.send("PUT", "/v1/jobs/", b"{}"))[0] in (404, 405)
    assert told(client.send("GET", "/v1/feed/jobs"))[0] == 405
    assert told(client.send("DELETE", "/v1/jobs/j"))[0] == 405


POSTED = [*ROUTES.values(), "/v1/rank", "/v1/interactions"]
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
FIELDS = [
    "actor_id", "k", "deadline_ms", "session_id", "context", "promoted", "exclude", "explain", "timings", "job_id",
    "text", "filters", "surface", "candidates", "interactions",
]  # fmt: skip
BOUNDED = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(path=st.sampled_from(POSTED), body=anything)
@BOUNDED
def test_no_json_whatsoever_makes_the_server_fail(client, path, body):
    assert client.send("POST", path, json.dumps(body)).status_code < 500


@given(data=st.data(), surface=st.sampled_from(SURFACES))
@BOUNDED
def test_no_field_whatsoever_makes_the_server_fail(client, world, data, surface):
    broken = data.draw(st.dictionaries(st.sampled_from(FIELDS), anything, max_size=2))
    answer = client.send("POST", ROUTES[surface], json.dumps({**world.body(surface), **broken}))
    assert answer.status_code < 500


names = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
moments = st.datetimes(datetime(1989, 1, 1), datetime(2026, 4, 1)).map(lambda moment: f"{moment.isoformat()}+00:00")
numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False)
interactions = st.fixed_dictionaries(
    {"kind": st.sampled_from(KINDS), "side": st.sampled_from(["client", "freelancer"]), "freelancer_id": names},
    optional={
        "job_id": names, "client_id": names, "query_id": names, "value_usd": numbers, "rating": numbers,
        "dwell_seconds": numbers, "event_timestamp": moments,
    },
)  # fmt: skip
people = st.fixed_dictionaries(
    {"title": names, "overview": names, "skills": st.lists(names, max_size=2)},
    optional={"category": names, "languages": st.lists(names, max_size=2), "agency_id": names, "joined_at": moments,
              "hourly_rate_usd": numbers, "hours_per_week": numbers, "country": names},
)  # fmt: skip
jobs = st.fixed_dictionaries(
    {"title": names, "description": names, "skills": st.lists(names, max_size=2)},
    optional={"client_id": names, "posted_at": moments, "company": names, "budget_min_usd": numbers,
              "budget_max_usd": numbers, "openings": st.integers(), "budget_kind": st.sampled_from(["hourly", "day"])},
)  # fmt: skip


@pytest.mark.parametrize("name", ["true", "False", " TRUE ", "1.23457E+15", '{"id": "a"}', '["a"]'])
def test_what_an_import_would_take_for_no_id_is_refused_at_once(client, name):
    event = {"interaction_id": "i1", "kind": "apply", "side": "freelancer", "freelancer_id": name, "job_id": "jb_1"}
    answer = client.send("POST", "/v1/interactions", json.dumps({"interactions": [event]}))
    assert answer.status_code == 422
    assert "freelancer_id" in answer.json()["error"]
    assert client.send("PUT", f"/v1/jobs/{quote(name, safe='')}", json.dumps({"title": "t"})).status_code == 422


def test_whatever_is_acknowledged_keeps_the_contract(world, tmp_path):
    """An event that was accepted must not end in quarantine at the next import."""
    other, accepted = world.copy(tmp_path / "home"), []

    with served(other.engine) as own:

        @given(event=interactions, person=people, job=jobs, name=names)
        @settings(max_examples=120, deadline=None)
        def post(event, person, job, name):
            body = {"interactions": [{"interaction_id": f"{len(accepted)}-{name}", **event}]}
            answers = [own.send("POST", "/v1/interactions", json.dumps(body))]
            for path, version in (("freelancers", person), ("jobs", job)):
                answers.append(own.send("PUT", f"/v1/{path}/{quote(name, safe='')}", json.dumps(version)))
            assert all(answer.status_code < 500 for answer in answers)
            accepted.extend(answer.status_code for answer in answers if answer.status_code < 300)

        post()
    report = import_logs(Lake(str(tmp_path / "lake")), other.settings, world.as_of + timedelta(hours=1))
    assert len(accepted) > 50
    assert [table.reasons for table in report.tables.values()] == [{}] * len(report.tables)
    sent = [table.written for name, table in report.tables.items() if name != "clients"]  # clients came with jobs
    assert sum(sent) == len(accepted)
