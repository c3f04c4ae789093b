"""Feature tables: small lakes with the arithmetic in view, and a brute-force oracle of counts as known."""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feature_repo.build.aggregates import VIEWS, build_feature_tables
from feature_repo.build.corpus import distinct_query_texts, distinct_texts, write_text_views
from feature_repo.build.histories import fingerprint
from feature_repo.texts.text import card_text, text_key
from metier.contract import TABLES, TIMESTAMP
from metier.errors import FeatureError
from metier.lake import Lake

START = datetime(2024, 3, 1, tzinfo=UTC)
FREELANCER = {"title": "Dev", "overview": "o", "skills": ["go"], "status": "listed"}
JOB = {"title": "Go job", "description": "d", "skills": ["go"], "openings": 2, "visibility": "public", "status": "open"}


def day(days: float) -> datetime:
    return START + timedelta(days=days)


def known(days: float, recorded: float | None = None, **row: Any) -> dict[str, Any]:
    return {**row, "event_timestamp": day(days), "recorded_at": day(days if recorded is None else recorded)}


def act(name: str, kind: str, side: str, days: float, recorded: float | None = None, **row: Any) -> dict[str, Any]:
    defaults = {"interaction_id": name, "kind": kind, "side": side, "freelancer_id": "f1", "job_id": "j1"}
    return known(days, recorded, **{**defaults, **row})


def lake_of(folder: Path, **tables: list[dict[str, Any]]) -> Lake:
    lake = Lake(str(folder / "lake"))
    for name, rows in tables.items():
        columns = {c.name: [row.get(c.name, c.default) for row in rows] for c in TABLES[name].columns}
        lake.append(name, pa.table(columns, schema=TABLES[name].schema))
    return lake


def build(folder: Path, as_of: datetime, **tables: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    build_feature_tables(lake_of(folder, **tables), as_of, folder / "features")
    return {view: pq.read_table(folder / "features" / view).to_pylist() for view in VIEWS}


def at(rows: list[dict[str, Any]], moment: datetime, **entity: str) -> dict[str, Any] | None:
    """The newest version at a moment, as a point-in-time join reads it."""
    own = [r for r in rows if r["event_timestamp"] <= moment and all(r[k] == v for k, v in entity.items())]
    return max(own, key=lambda r: r["event_timestamp"]) if own else None


def test_an_event_counts_from_the_midnight_after_it_was_recorded_until_its_window_is_over(tmp_path: Path) -> None:
    # Happened at 1.5, recorded at 3.5: in snapshots 4..8 of the 7 days (1.5 + 7 = 8.5) and 4..31 of the 30 days.
    rows = build(tmp_path, day(40), interactions=[act("a", "apply", "freelancer", 1.5, 3.5)])["freelancer_activity"]
    found = {(r["event_timestamp"] - START).days: (r["applies_7d"], r["applies_30d"]) for r in rows}
    assert found == {**{d: (1, 1) for d in range(4, 9)}, **{d: (0, 1) for d in range(9, 32)}, 32: (0, 0)}
    assert all(r["recorded_at"] == r["event_timestamp"] for r in rows)


def test_the_last_snapshot_stands_at_as_of_itself(tmp_path: Path) -> None:
    rows = build(tmp_path, day(2.75), interactions=[act("a", "apply", "freelancer", 2.5)])["freelancer_activity"]
    assert [(r["event_timestamp"], r["applies_30d"]) for r in rows] == [(day(2.75), 1)]


def test_an_event_at_midnight_belongs_to_that_snapshot_and_leaves_seven_days_later(tmp_path: Path) -> None:
    rows = build(tmp_path, day(10), interactions=[act("a", "apply", "freelancer", 1)])["freelancer_activity"]
    assert [(r["event_timestamp"] - START).days for r in rows if r["applies_7d"]] == [1, 2, 3, 4, 5, 6, 7]


def test_impressions_count_by_surface_and_never_when_promoted(tmp_path: Path) -> None:
    queries = [
        known(1, query_id="s", surface="talent_search", actor_id="c1"),
        known(1, query_id="f", surface="job_feed", actor_id="f1"),
        known(1, query_id="r", surface="applicant_review", actor_id="c1"),
    ]
    shown = [
        known(1, query_id="s", candidate_id="f1", rank=1, placement="organic"),
        known(1, query_id="s", candidate_id="f2", rank=2, placement="promoted"),
        known(1, query_id="f", candidate_id="j1", rank=1, placement="exploration"),
        known(1, query_id="r", candidate_id="f1", rank=1, placement="organic"),
    ]
    tables = build(tmp_path, day(2), queries=queries, impressions=shown)
    assert {r["freelancer_id"]: r["impressions_30d"] for r in tables["freelancer_activity"]} == {"f1": 1}
    assert {r["job_id"]: r["impressions_30d"] for r in tables["job_activity"]} == {"j1": 1}
    assert {r["client_id"]: r["queries_30d"] for r in tables["client_activity"]} == {"c1": 2}


def test_rates_are_pulled_towards_the_rate_of_all(tmp_path: Path) -> None:
    # f1: 3 shown, 1 click. All: 4 shown, 1 click. (1 + 20 * 1/4) / (3 + 20) = 6/23; f2: (0 + 5) / (1 + 20).
    queries = [known(1, query_id=f"q{i}", surface="talent_search", actor_id="c1") for i in range(4)]
    shown = [
        known(1, query_id=f"q{i}", candidate_id="f1" if i < 3 else "f2", rank=1, placement="organic") for i in range(4)
    ]
    clicks = [act("a", "click", "client", 1)]
    rows = build(tmp_path, day(1), queries=queries, impressions=shown, interactions=clicks)["freelancer_activity"]
    rates = {r["freelancer_id"]: r["click_rate_30d"] for r in rows}
    assert rates == {"f1": pytest.approx(6 / 23), "f2": pytest.approx(5 / 21)}


def test_a_decline_answers_an_invite_and_without_one_is_a_withdrawal(tmp_path: Path) -> None:
    acts = [
        act("i", "invite", "client", 1.1),
        act("d", "decline", "freelancer", 2.1),
        act("a", "apply", "freelancer", 1.2, job_id="j2"),
        act("w", "decline", "freelancer", 2.2, job_id="j2"),
    ]
    rows = build(tmp_path, day(4), interactions=acts)["freelancer_activity"]
    pending = [(r["pending_invites"], r["declines_30d"], r["invites_30d"]) for r in rows]
    assert pending == [(1, 0, 1), (0, 1, 1), (0, 1, 1)]


def test_money_ratings_and_days_of_activity(tmp_path: Path) -> None:
    acts = [
        act("p1", "pay", "client", 1.1, value_usd=0.1),
        act("p2", "pay", "client", 1.2, value_usd=0.2),
        act("r1", "rate", "client", 1.3, rating=4.0),
        act("r2", "rate", "client", 1.4, rating=5.0),
        act("s1", "save", "freelancer", 1.5),
        act("s2", "save", "freelancer", 1.6),
        act("s3", "save", "freelancer", 2.5),
    ]
    tables = build(tmp_path, day(40), interactions=acts, jobs=[known(0, job_id="j1", client_id="c1", **JOB)])
    third, last = (at(tables["freelancer_activity"], day(d), freelancer_id="f1") for d in (3, 40))
    assert third is not None
    assert (third["earnings_30d_usd"], third["rating_30d"], third["active_days_30d"]) == (pytest.approx(0.3), 4.5, 2)
    assert last is not None
    assert (last["earnings_30d_usd"], last["rating_30d"], last["active_days_30d"]) == (0, None, 0)
    client = at(tables["client_activity"], day(3), client_id="c1")
    assert client is not None
    assert (client["spend_30d_usd"], client["rating_given_30d"]) == (pytest.approx(0.3), 4.5)


def test_competition_and_openings_of_a_job(tmp_path: Path) -> None:
    acts = [
        act("a1", "apply", "freelancer", 1.1),
        act("a2", "apply", "freelancer", 1.2, freelancer_id="f2"),
        act("x2", "accept", "client", 2.1, freelancer_id="f2"),
        act("h2", "hire", "client", 3.1, freelancer_id="f2"),
    ]
    rows = build(tmp_path, day(4), interactions=acts, jobs=[known(0.5, job_id="j1", **JOB)])["job_activity"]
    found = {(r["event_timestamp"] - START).days: (r["applicants_open"], r["openings_left"]) for r in rows}
    assert found == {1: (0, 2), 2: (2, 2), 3: (1, 2), 4: (1, 1)}


def test_a_client_answers_and_hires_through_its_jobs(tmp_path: Path) -> None:
    # 1 posted job, 1 hire: everybody's rate is 1, so (1 + 2 * 1) / (1 + 2) = 1. 2 applications, 1 answered: 1/2.
    acts = [
        act("a1", "apply", "freelancer", 1.1),
        act("a2", "apply", "freelancer", 1.2, freelancer_id="f2"),
        act("h2", "hire", "client", 2.1, freelancer_id="f2"),
    ]
    jobs = [known(0.5, job_id="j1", client_id="c1", **JOB)]
    rows = build(tmp_path, day(3), interactions=acts, jobs=jobs)["client_activity"]
    last = at(rows, day(3), client_id="c1")
    assert last is not None
    assert (last["jobs_posted_30d"], last["hire_rate_30d"], last["answer_rate_30d"]) == (1, 1, 0.5)


def test_a_version_shows_when_recorded_and_an_older_one_never_overrides(tmp_path: Path) -> None:
    versions = [
        known(1, 1, freelancer_id="f1", **{**FREELANCER, "title": "first"}),
        known(3, 5, freelancer_id="f1", **{**FREELANCER, "title": "third"}),
        known(2, 6, freelancer_id="f1", **{**FREELANCER, "title": "second, too late"}),
        known(3, 7, freelancer_id="f1", **{**FREELANCER, "title": "third, corrected"}),
    ]
    rows = build(tmp_path, day(9), freelancers=versions)["freelancer_profile"]
    assert [(r["title"], r["event_timestamp"]) for r in rows] == [
        ("first", day(1)),
        ("third", day(5)),
        ("third, corrected", day(7)),
    ]


def test_keys_in_sql_are_those_in_python(tmp_path: Path) -> None:
    person = {"title": "Ünï", "overview": "line\nbreak", "skills": ["c++", "日本"], "status": "listed"}
    job = {**JOB, "title": "", "skills": []}
    tables = build(
        tmp_path,
        day(2),
        freelancers=[known(1, freelancer_id="f1", **person)],
        jobs=[known(1, job_id="j1", **job)],
    )
    texts = [card_text(person["title"], person["overview"], person["skills"]), card_text("", "d", [])]
    assert tables["freelancer_profile"][0]["text_key"] == text_key(texts[0])
    assert tables["job_profile"][0]["text_key"] == text_key(texts[1])
    corpus = distinct_texts(Lake(str(tmp_path / "lake")), day(2))
    assert dict(zip(corpus.keys, corpus.texts, strict=True)) == {text_key(text): text for text in texts}
    assert sorted(corpus.titles) == ["", "Ünï"]
    assert corpus.keys == sorted(corpus.keys)


def test_a_history_is_newest_first_distinct_and_grows_by_own_acts_and_outcomes(tmp_path: Path) -> None:
    jobs = [known(0, job_id=f"j{i}", **{**JOB, "city": f"city{i}", "category": None}) for i in (1, 2)]
    acts = [
        act("a", "click", "freelancer", 1, job_id="j1"),
        act("b", "click", "freelancer", 2, job_id="j2"),
        act("c", "apply", "freelancer", 3, job_id="j1"),
        act("d", "invite", "client", 4, job_id="j2"),
        act("e", "dismiss", "freelancer", 5, job_id="j2"),
        act("f", "click", "freelancer", 2.5, 6, job_id="j3"),
    ]
    rows = build(tmp_path, day(7), jobs=jobs, interactions=acts)["freelancer_history"]
    assert [(r["event_timestamp"], r["recent_ids"], r["interaction_count"]) for r in rows] == [
        (day(1), ["j1"], 1),
        (day(2), ["j2", "j1"], 2),
        (day(3), ["j1", "j2"], 3),
        (day(6), ["j1", "j3", "j2"], 4),
    ]
    assert rows[-1]["recent_cities"] == ["city1", "", "city2"]
    assert rows[-1]["recent_categories"] == ["", "", ""]
    assert rows[-1]["recent_timestamps"] == [int(day(d).timestamp()) for d in (3, 2.5, 2)]
    assert rows[-1]["last_counted"] == [fingerprint(name) for name in ("f", "c", "b", "a")]


def test_a_history_keeps_twenty(tmp_path: Path) -> None:
    acts = [act(f"a{i}", "save", "client", 1 + i / 100, freelancer_id=f"f{i}", client_id="c1") for i in range(25)]
    last = build(tmp_path, day(3), interactions=acts)["client_history"][-1]
    assert last["recent_ids"] == [f"f{i}" for i in range(24, 4, -1)]
    assert last["interaction_count"] == 25
    assert last["last_counted"] == [fingerprint(f"a{i}") for i in range(24, 4, -1)]


def test_an_empty_lake_gives_empty_tables_of_the_right_columns(tmp_path: Path) -> None:
    rows = build_feature_tables(lake_of(tmp_path), day(1), tmp_path / "features")
    assert rows == dict.fromkeys(VIEWS, 0)
    for view in VIEWS:
        (path,) = (tmp_path / "features" / view).iterdir()
        schema = pq.read_schema(path)
        assert schema.field("event_timestamp").type == schema.field("recorded_at").type == TIMESTAMP
    activity = pq.read_schema(tmp_path / "features" / "job_activity" / f"{day(1):%Y-%m-%d}.parquet")
    assert {str(activity.field(name).type) for name in activity.names[3:]} == {"float"}


def test_text_views_hold_the_vector_of_each_version(tmp_path: Path) -> None:
    versions = [
        known(1, freelancer_id="f1", **FREELANCER),
        known(2, freelancer_id="f1", **{**FREELANCER, "title": "Cook"}),
    ]
    lake = lake_of(tmp_path, freelancers=versions)
    build_feature_tables(lake, day(3), tmp_path)
    corpus = distinct_texts(lake, day(3))
    embeddings = np.arange(2 * 384, dtype=np.float32).reshape(2, 384)
    assert write_text_views(tmp_path, corpus.keys, embeddings) == {"freelancer_text": 2, "job_text": 0}
    rows = pq.read_table(tmp_path / "freelancer_text").to_pylist()
    assert [r["event_timestamp"] for r in rows] == [day(1), day(2)]
    for row in rows:
        assert row["embedding"] == embeddings[corpus.keys.index(row["text_key"])].tolist()
    assert write_text_views(tmp_path, corpus.keys, embeddings) == {"freelancer_text": 0, "job_text": 0}
    with pytest.raises(FeatureError, match="1 versions in freelancer_profile have a text without a vector"):
        write_text_views(tmp_path, ["other"], embeddings[:1], "another encoder")


def test_query_texts_are_distinct_and_not_blank(tmp_path: Path) -> None:
    texts = ["go dev", None, " ", "go dev", "cook"]
    queries = [
        known(1, query_id=str(i), surface="talent_search", actor_id="c1", text=text) for i, text in enumerate(texts)
    ]
    lake = lake_of(tmp_path, queries=queries)
    assert distinct_query_texts(lake, day(2)) == ([text_key("cook"), text_key("go dev")], ["cook", "go dev"])


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["click", "apply", "invite", "accept", "decline", "hire", "pay"]),
        st.sampled_from(["client", "freelancer"]),
        st.sampled_from(["f1", "f2"]),
        st.sampled_from(["j1", "j2"]),
        st.integers(0, 45 * 4),  # quarter days: midnights and the exact ends of windows come up often
        st.sampled_from([0, 0, 1, 4, 30, 140]),
    ),
    max_size=25,
)
AS_OF = day(41.25)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(events=EVENTS)
def test_counts_equal_a_brute_force_over_every_snapshot(events: list[tuple[str, str, str, str, int, int]]) -> None:
    acts = [
        act(str(i), kind, side, quarter / 4, (quarter + lag) / 4, freelancer_id=f, job_id=j, value_usd=0.1)
        for i, (kind, side, f, j, quarter, lag) in enumerate(events)
    ]
    with tempfile.TemporaryDirectory() as folder:
        tables = build(Path(folder), AS_OF, interactions=acts)
    for moment in [*(day(d) for d in range(42)), AS_OF]:
        for f in ("f1", "f2"):
            row = at(tables["freelancer_activity"], moment, freelancer_id=f) or {}
            expected = _freelancer_counts([a for a in acts if a["freelancer_id"] == f], moment)
            assert {name: row.get(name, 0) for name in expected} == pytest.approx(expected)
            assert row.get("recorded_at", moment) <= row.get("event_timestamp", moment)
        for j in ("j1", "j2"):
            row = at(tables["job_activity"], moment, job_id=j) or {}
            expected = _job_counts([a for a in acts if a["job_id"] == j], moment)
            assert {name: row.get(name, 0) for name in expected} == expected


def _known_at(acts: list[dict[str, Any]], moment: datetime, days: int | None = None) -> list[dict[str, Any]]:
    return [
        a
        for a in acts
        if max(a["event_timestamp"], a["recorded_at"]) <= moment
        and (days is None or a["event_timestamp"] > moment - timedelta(days=days))
    ]


def _of(acts: list[dict[str, Any]], kind: str, *sides: str) -> list[dict[str, Any]]:
    return [a for a in acts if a["kind"] == kind and a["side"] in (sides or ("client", "freelancer"))]


def _unanswered(moves: list[dict[str, Any]], seen: list[dict[str, Any]]) -> int:
    answers = [a for a in seen if a["kind"] in ("accept", "decline", "hire")]
    return sum(
        not any(
            (a["freelancer_id"], a["job_id"]) == (m["freelancer_id"], m["job_id"])
            and a["event_timestamp"] >= m["event_timestamp"]
            for a in answers
        )
        for m in moves
    )


def _freelancer_counts(acts: list[dict[str, Any]], moment: datetime) -> dict[str, float]:
    seen, week, month = _known_at(acts, moment), _known_at(acts, moment, 7), _known_at(acts, moment, 30)
    invited = _of(seen, "invite", "client")
    declines = [
        d
        for d in _of(month, "decline", "freelancer")
        if any(i["job_id"] == d["job_id"] and i["event_timestamp"] <= d["event_timestamp"] for i in invited)
    ]
    return {
        "clicks_7d": len(_of(week, "click", "client")),
        "clicks_30d": len(_of(month, "click", "client")),
        "invites_30d": len(_of(month, "invite", "client")),
        "applies_7d": len(_of(week, "apply", "freelancer")),
        "applies_30d": len(_of(month, "apply", "freelancer")),
        "accepts_30d": len(_of(month, "accept", "freelancer")),
        "declines_30d": len(declines),
        "hires_30d": len(_of(month, "hire")),
        "pending_invites": _unanswered(_of(month, "invite", "client"), seen),
        "earnings_30d_usd": 0.1 * len(_of(month, "pay")),
        "active_days_30d": len({a["event_timestamp"].date() for a in month if a["side"] == "freelancer"}),
    }


def _job_counts(acts: list[dict[str, Any]], moment: datetime) -> dict[str, float]:
    seen, week, month = _known_at(acts, moment), _known_at(acts, moment, 7), _known_at(acts, moment, 30)
    return {
        "clicks_7d": len(_of(week, "click", "freelancer")),
        "applies_30d": len(_of(month, "apply", "freelancer")),
        "invites_30d": len(_of(month, "invite", "client")),
        "accepts_30d": len(_of(month, "accept")),
        "hires_30d": len(_of(month, "hire")),
        "applicants_open": _unanswered(_of(seen, "apply", "freelancer"), seen),
    }
