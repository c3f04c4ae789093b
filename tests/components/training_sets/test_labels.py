"""Attribution, maturity and at-risk masks on lakes small enough to read, and against a brute-force oracle."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.training_sets.labels import Labels, labels
from components.training_sets.outcomes.funnel import ALL_HEADS, HEADS
from components.training_sets.outcomes.maturity import mature_days
from metier.contract import ATTRIBUTION_DAYS, TABLES, Surface
from metier.errors import InputError, UnknownNameError
from metier.lake import Lake

START = datetime(2026, 1, 1, tzinfo=UTC)
LATE = START + timedelta(days=100)
WINDOWS = {"click": 1, "save": 1, "apply": 3, "invite": 3, "accept": 7, "hire": 30}
GRADES = {"click": 1, "save": 1, "apply": 2, "invite": 2, "accept": 3, "hire": 4}


def day(number: float) -> datetime:
    return START + timedelta(seconds=round(number * 86_400))


def add(lake: Lake, name: str, rows: list[dict[str, object]]) -> None:
    stamped = [{"recorded_at": row.get("event_timestamp")} | row for row in rows]
    lake.append(name, pa.Table.from_pylist(stamped, schema=TABLES[name].schema))


def query(query_id: str, at: float, surface: str = "job_feed", actor: str = "F", job: str | None = None) -> dict:
    return {
        "query_id": query_id,
        "surface": surface,
        "actor_id": actor,
        "job_id": job,
        "filters": "{}",
        "context": "{}",
        "event_timestamp": day(at),
    }


def shown(query_id: str, candidate: str, at: float, rank: int = 1, **more: object) -> dict:
    row = {"query_id": query_id, "candidate_id": candidate, "rank": rank, "placement": "organic"}
    return row | {"event_timestamp": day(at)} | more


def act(kind: str, at: float, side: str = "freelancer", job: str | None = "J", **more: object) -> dict:
    row = {"kind": kind, "side": side, "freelancer_id": "F", "job_id": job, "event_timestamp": day(at)}
    return row | {"interaction_id": f"{kind}-{side}-{at}-{job}-{more.get('query_id')}"} | more


def world(folder: Path, queries: list[dict], impressions: list[dict], interactions: list[dict]) -> Lake:
    lake = Lake(str(folder / "lake"))
    add(lake, "queries", queries)
    add(lake, "impressions", impressions)
    if interactions:
        add(lake, "interactions", interactions)
    return lake


def feed(folder: Path, shown_at: list[float], interactions: list[dict]) -> Lake:
    """Job J shown to freelancer F once on each of the given days, in queries q0, q1 ..."""
    queries = [query(f"q{i}", at) for i, at in enumerate(shown_at)]
    return world(folder, queries, [shown(f"q{i}", "J", at) for i, at in enumerate(shown_at)], interactions)


def rows(found: Labels) -> dict[str, dict]:
    return {row["query_id"]: row for row in found.rows.to_pylist()}


def test_a_click_credits_the_latest_seen_impression_of_the_pair(tmp_path: Path) -> None:
    found = rows(labels(feed(tmp_path, [0, 1], [act("click", 1.5)]), LATE))
    assert (found["q0"]["click"], found["q1"]["click"]) == (0, 1)
    assert (found["q0"]["relevance"], found["q1"]["relevance"]) == (0, 1)


@pytest.mark.parametrize(("kind", "window"), [("click", 1), ("save", 1), ("apply", 3)])
def test_an_outcome_credits_until_its_window_closes(tmp_path: Path, kind: str, window: int) -> None:
    inside = labels(feed(tmp_path / "in", [0], [act(kind, window)]), LATE)
    outside = labels(feed(tmp_path / "out", [0], [act(kind, window + 0.001)]), LATE)
    assert rows(inside)["q0"]["relevance"] == GRADES[kind]
    assert rows(outside)["q0"]["relevance"] == 0
    assert outside.report["outcomes"][kind] == {"credited": 0, "outside_window": 1, "organic": 0}


def test_windows_can_be_overridden(tmp_path: Path) -> None:
    lake = feed(tmp_path, [0], [act("click", 1.5)])
    assert rows(labels(lake, LATE))["q0"]["click"] == 0
    assert rows(labels(lake, LATE, windows={"click": 2}))["q0"]["click"] == 1


def test_the_grade_is_the_highest_among_credited_outcomes(tmp_path: Path) -> None:
    funnel = [act("click", 0.1), act("apply", 0.2), act("accept", 2, "client"), act("hire", 9, "client")]
    found = rows(labels(feed(tmp_path, [0], funnel), LATE))["q0"]
    assert [found[head] for head in HEADS["job_feed"]] == [1, 1, 1, 1]
    assert found["relevance"] == 4


def test_a_hire_implies_the_accept_whose_window_had_closed(tmp_path: Path) -> None:
    # Applied on day 1; accepted on day 8, a day after the window of accepts; hired on day 10, within that of hires.
    story = [act("apply", 1), act("accept", 8, "client"), act("hire", 10, "client")]
    found = rows(labels(feed(tmp_path, [0], story), LATE))["q0"]
    assert found["relevance"] == 4
    assert [found[head] for head in HEADS["job_feed"]] == [1, 1, 1, 1]


def test_a_late_accept_without_a_hire_stays_outside_its_window(tmp_path: Path) -> None:
    found = rows(labels(feed(tmp_path, [0], [act("apply", 1), act("accept", 8, "client")]), LATE))["q0"]
    assert [found[head] for head in HEADS["job_feed"]] == [1, 1, 0, 0]


def test_a_click_that_is_recorded_after_its_window_is_unknown_until_then(tmp_path: Path) -> None:
    # Clicked at .99 days, recorded at 1.2: .21 days late. Read at 1.0 days nothing says so yet.
    lake = feed(tmp_path, [0], [act("click", 0.99, recorded_at=day(1.2))])
    read = {at: rows(labels(lake, day(at), delays={"click": 0.21}))["q0"]["click"] for at in (1.0, 1.2, 1.21)}
    assert read == {1.0: None, 1.2: None, 1.21: 1}
    assert rows(labels(lake, day(1.0), delays={}))["q0"]["click"] == 0  # as if every click were recorded at once


def test_the_recording_delay_is_learned_from_interactions_that_are_a_window_old(tmp_path: Path) -> None:
    # 99 clicks recorded at once and 101 half a day late: the quantile .99 is half a day. Those of the last day, of
    # which only the quick ones were recorded, do not count.
    slow = [act("click", 0.1 + n / 1000, recorded_at=day(0.6 + n / 1000)) for n in range(101)]
    quick = [act("click", 0.1 + n / 1000, job="K") for n in range(99)]
    young = [act("click", 3.5 + n / 100_000, job="L") for n in range(10_000, 10_400)]
    found = labels(feed(tmp_path, [0, 3], [*slow, *quick, *young]), day(4)).report
    assert found["recording_delay_days"]["click"] == pytest.approx(0.5)
    assert found["mature_days"]["click"] == pytest.approx(1.5)


def test_a_history_that_was_recorded_years_later_delays_no_head_beyond_its_window(tmp_path: Path) -> None:
    lake = feed(tmp_path, [0], [act("click", 0.5, recorded_at=day(900))])
    assert labels(lake, day(901)).report["mature_days"] == {
        "click": 2,
        "apply": 3,
        "invite": 3,
        "accept": 7,
        "hire": 30,
    }


def test_only_the_named_heads_grade(tmp_path: Path) -> None:
    funnel = [act("apply", 0.2), act("accept", 2, "client"), act("hire", 9, "client")]
    found = rows(labels(feed(tmp_path, [0], funnel), LATE, heads=("click", "apply")))["q0"]
    assert (found["relevance"], found["hire"]) == (2, 1)


def test_an_accept_credits_the_impression_that_led_to_the_apply_not_the_latest(tmp_path: Path) -> None:
    found = rows(labels(feed(tmp_path, [0, 2], [act("apply", 0.5), act("accept", 3, "client")]), LATE))
    assert (found["q0"]["accept"], found["q0"]["relevance"]) == (1, 3)
    assert (found["q1"]["accept"], found["q1"]["relevance"]) == (0, 0)


def test_the_window_of_an_accept_opens_at_the_impression_not_at_the_apply(tmp_path: Path) -> None:
    found = rows(labels(feed(tmp_path, [0], [act("apply", 2.5), act("accept", 7.5, "client")]), LATE))
    assert (found["q0"]["accept"], found["q0"]["relevance"]) == (0, 2)


def test_an_accept_without_an_apply_grades_the_latest_impression_and_implies_the_apply(tmp_path: Path) -> None:
    found = rows(labels(feed(tmp_path, [0, 1], [act("accept", 3, "client")]), LATE))
    assert (found["q1"]["relevance"], found["q1"]["accept"], found["q1"]["apply"]) == (3, 1, 1)
    assert found["q0"]["relevance"] == 0


def test_every_head_is_told_of_every_row_that_was_shown(tmp_path: Path) -> None:
    nothing = rows(labels(feed(tmp_path / "a", [0], []), LATE))["q0"]
    applied = rows(labels(feed(tmp_path / "b", [0], [act("apply", 1)]), LATE))["q0"]
    accepted = rows(labels(feed(tmp_path / "c", [0], [act("apply", 1), act("accept", 2, "client")]), LATE))["q0"]
    assert [nothing[head] for head in HEADS["job_feed"]] == [0, 0, 0, 0]
    assert [applied[head] for head in HEADS["job_feed"]] == [1, 1, 0, 0]
    assert [accepted[head] for head in HEADS["job_feed"]] == [1, 1, 1, 0]


def test_the_other_side_answers_a_move(tmp_path: Path) -> None:
    own = rows(labels(feed(tmp_path, [0], [act("apply", 1), act("accept", 2, "freelancer")]), LATE))["q0"]
    assert (own["accept"], own["relevance"]) == (0, 2)


def test_declining_ones_own_move_is_a_withdrawal_that_leaves_the_accept_unknown(tmp_path: Path) -> None:
    withdrawn = labels(feed(tmp_path / "own", [0], [act("apply", 1), act("decline", 2, "freelancer")]), LATE)
    declined = labels(feed(tmp_path / "other", [0], [act("apply", 1), act("decline", 2, "client")]), LATE)
    assert (rows(withdrawn)["q0"]["accept"], rows(declined)["q0"]["accept"]) == (None, 0)
    assert withdrawn.report["answers"] == {"decline": 0, "withdrawal": 1}
    assert declined.report["answers"] == {"decline": 1, "withdrawal": 0}


def test_an_accept_before_the_withdrawal_stands(tmp_path: Path) -> None:
    story = [act("apply", 1), act("accept", 2, "client"), act("decline", 3, "freelancer")]
    assert rows(labels(feed(tmp_path, [0], story), LATE))["q0"]["accept"] == 1


@pytest.mark.parametrize(
    ("age", "known"), [(0.5, []), (1, ["click"]), (3, ["click", "apply"]), (6.9, ["click", "apply"])]
)
def test_a_head_is_unknown_while_the_row_is_younger_than_its_window(tmp_path: Path, age: float, known: list) -> None:
    story = [act("click", 0.1), act("apply", 0.2), act("accept", 0.3, "client"), act("hire", 0.4, "client")]
    found = rows(labels(feed(tmp_path, [0], story), day(age)))["q0"]
    assert [head for head in HEADS["job_feed"] if found[head] is not None] == known
    assert found["relevance"] == (GRADES[known[-1]] if known else 0)
    assert not found["mature"]


def test_mature_asks_only_for_the_heads_that_grade(tmp_path: Path) -> None:
    lake = feed(tmp_path, [0], [])
    assert not rows(labels(lake, day(7)))["q0"]["mature"]
    assert rows(labels(lake, day(7), heads=("click", "apply", "accept")))["q0"]["mature"]
    assert rows(labels(lake, day(30)))["q0"]["mature"]


def test_what_was_recorded_after_the_clock_is_not_known(tmp_path: Path) -> None:
    late = act("apply", 1, recorded_at=day(20))
    lake = feed(tmp_path, [0], [late])
    assert rows(labels(lake, day(19)))["q0"]["relevance"] == 0
    assert rows(labels(lake, day(20)))["q0"]["relevance"] == 2


def test_an_impression_that_was_not_viewed_is_neither_credited_nor_a_negative(tmp_path: Path) -> None:
    queries = [query("q0", 0), query("q1", 1), query("q2", 0)]
    slates = [shown("q0", "J", 0, viewed=True), shown("q1", "J", 1, viewed=False), shown("q2", "K", 0, viewed=None)]
    found = labels(world(tmp_path, queries, slates, [act("click", 1)]), LATE)
    assert set(rows(found)) == {"q0", "q2"}
    assert rows(found)["q0"]["click"] == 1
    assert found.report["not_viewed"] == 1


def test_a_promoted_impression_keeps_its_credit_and_its_mark(tmp_path: Path) -> None:
    queries = [query("q0", 0), query("q1", 0.5)]
    slates = [shown("q0", "J", 0), shown("q1", "J", 0.5, placement="promoted")]
    found = labels(world(tmp_path, queries, slates, [act("click", 0.6)]), LATE)
    assert rows(found)["q0"]["click"] == 0
    assert (rows(found)["q1"]["click"], rows(found)["q1"]["placement"]) == (1, "promoted")
    assert found.report["surfaces"]["job_feed"] == {
        "rows": 1,
        "queries": 1,
        "promoted": 1,
        "immature_share": dict.fromkeys(HEADS["job_feed"], 0),
        "known": dict.fromkeys(HEADS["job_feed"], 1),
        "positives": dict.fromkeys(HEADS["job_feed"], 0),
        "dropped_heads": ["click", "apply", "accept", "hire"],
    }


def test_a_named_query_is_credited_before_a_later_impression(tmp_path: Path) -> None:
    found = rows(labels(feed(tmp_path, [0, 0.5], [act("click", 0.9, query_id="q0")]), LATE))
    assert (found["q0"]["click"], found["q1"]["click"]) == (1, 0)


def test_a_named_query_that_did_not_show_the_candidate_falls_back_to_the_pair(tmp_path: Path) -> None:
    queries = [query("q0", 0), query("q1", 0)]
    found = labels(
        world(tmp_path, queries, [shown("q0", "J", 0), shown("q1", "K", 0)], [act("click", 0.1, query_id="q1")]), LATE
    )
    assert rows(found)["q0"]["click"] == 1


def test_a_named_query_whose_window_has_closed_falls_back_to_the_pair(tmp_path: Path) -> None:
    found = rows(labels(feed(tmp_path, [0, 2], [act("click", 2.5, query_id="q0")]), LATE))
    assert (found["q0"]["click"], found["q1"]["click"]) == (0, 1)


def test_an_outcome_credits_once_per_surface_and_a_click_never_leaves_its_own(tmp_path: Path) -> None:
    queries = [query("t", 0, "talent_search", "C", "J"), query("r", 0, "applicant_review", "C", "J")]
    slates = [shown("t", "F", 0), shown("r", "F", 0)]
    story = [act("click", 0.1, "client", query_id="r"), act("invite", 0.2, "client"), act("hire", 5, "client")]
    found = rows(labels(world(tmp_path, queries, slates, story), LATE))
    assert (found["t"]["relevance"], found["r"]["relevance"]) == (4, 4)
    assert (found["t"]["invite"], found["r"]["invite"]) == (1, None)
    only = rows(labels(world(tmp_path / "click", queries, slates, story[:1]), LATE))
    assert (only["t"]["click"], only["r"]["click"]) == (0, 1)


def test_a_query_without_a_job_matches_by_client_even_where_only_the_job_names_the_client(tmp_path: Path) -> None:
    lake = world(tmp_path, [query("t", 0, "talent_search", "C")], [shown("t", "F", 0)], [act("invite", 1, "client")])
    assert rows(labels(lake, LATE))["t"]["invite"] == 0
    job = {"job_id": "J", "client_id": "C", "title": "t", "description": "d", "skills": [], "openings": 1}
    add(lake, "jobs", [job | {"visibility": "public", "status": "open", "event_timestamp": day(0)}])
    assert rows(labels(lake, LATE))["t"]["invite"] == 1


def test_the_applicant_review_asks_no_apply_before_an_accept(tmp_path: Path) -> None:
    lake = world(
        tmp_path,
        [query("r", 0, "applicant_review", "C", "J")],
        [shown("r", "F", 0), shown("r", "G", 0, rank=2)],
        [act("accept", 1, "client"), act("hire", 4, "client")],
    )
    found = {row["candidate_id"]: row for row in labels(lake, LATE).rows.to_pylist()}
    assert [found["F"][head] for head in HEADS["applicant_review"]] == [1, 1, 1]
    assert [found["G"][head] for head in HEADS["applicant_review"]] == [0, 0, 0]


def test_outcomes_without_an_impression_are_organic(tmp_path: Path) -> None:
    found = labels(feed(tmp_path, [5], [act("click", 1), act("apply", 2), act("apply", 5.5)]), LATE)
    assert found.report["outcomes"]["click"] == {"credited": 0, "outside_window": 0, "organic": 1}
    assert found.report["outcomes"]["apply"] == {"credited": 1, "outside_window": 0, "organic": 1}


def test_the_report_counts_immature_rows_and_draws_the_delay_curve(tmp_path: Path) -> None:
    lake = feed(tmp_path, [0, 8, 9.5, 9.75], [act("click", 0.25), act("click", 8.5), act("click", 9.6)])
    report = labels(lake, day(10)).report
    assert report["surfaces"]["job_feed"]["immature_share"] == {"click": 0.5, "apply": 0.75, "accept": 0.75, "hire": 1}
    assert report["surfaces"]["job_feed"]["positives"]["click"] == 2
    assert report["delay_days"]["click"]["outcomes"] == 3
    assert report["delay_days"]["click"]["p50"] == pytest.approx(0.25)  # delays .25, .5 and .1


def test_rows_come_by_time_then_rank_and_one_surface_can_be_asked_for(tmp_path: Path) -> None:
    queries = [query("b", 1), query("a", 2), query("t", 0, "talent_search", "C", "J")]
    slates = [shown("b", "K", 1, rank=2), shown("b", "J", 1), shown("a", "J", 2), shown("t", "F", 0)]
    found = labels(world(tmp_path, queries, slates, []), LATE, surface="job_feed").rows
    assert list(zip(found["query_id"].to_pylist(), found["rank"].to_pylist(), strict=True)) == [
        ("b", 1),
        ("b", 2),
        ("a", 1),
    ]


def test_an_empty_lake_has_no_rows(tmp_path: Path) -> None:
    found = labels(Lake(str(tmp_path)), LATE)
    assert found.rows.num_rows == 0
    assert found.report["surfaces"]["job_feed"]["immature_share"]["click"] == 0


def test_unknown_kinds_heads_and_empty_windows_are_refused(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    with pytest.raises(UnknownNameError, match="glance"):
        labels(lake, LATE, windows={"glance": 1})
    with pytest.raises(InputError, match="window of click is 0"):
        labels(lake, LATE, windows={"click": 0})
    with pytest.raises(InputError, match="click waits -1 days"):
        labels(lake, LATE, delays={"click": -1})
    with pytest.raises(UnknownNameError, match="save"):
        labels(lake, LATE, heads=("save",))


def test_a_heads_window_is_the_longest_of_its_kinds() -> None:
    assert mature_days({"save": 2}, {}) == {"click": 2, "apply": 3, "invite": 3, "accept": 7, "hire": 30}
    assert dict(ATTRIBUTION_DAYS) == WINDOWS


# The oracle: the rules of the module's docstring, one outcome after another, over lists.

DIRECT = {
    ("job_feed", "freelancer"): {"click", "save", "apply"},
    ("talent_search", "client"): {"click", "save", "invite"},
    ("applicant_review", "client"): {"click", "save", "accept"},
}
ANSWERS = {("job_feed", "client"): {"accept"}, ("talent_search", "freelancer"): {"accept"}}
MOVE = {"job_feed": "apply", "talent_search": "invite", "applicant_review": "accept"}


def counts_for(surface: str, outcome: dict) -> str | None:
    if outcome["kind"] == "hire" or outcome["kind"] in ANSWERS.get((surface, outcome["side"]), ()):
        return "answer"
    return "direct" if outcome["kind"] in DIRECT.get((surface, outcome["side"]), ()) else None


def latest(slates: list[dict], outcome: dict) -> dict | None:
    def same_pair(s: dict) -> bool:
        if s["job"] is not None:
            return (s["job"], s["freelancer"]) == (outcome["job_id"], outcome["freelancer_id"])
        return (s["client"], s["freelancer"]) == (outcome["client_id"], outcome["freelancer_id"])

    before = [s for s in slates if same_pair(s) and s["at"] <= outcome["event_timestamp"]]
    return max(before, key=lambda s: (s["at"], s["order"]), default=None)


def in_window(slate: dict | None, outcome: dict) -> bool:
    return slate is not None and outcome["event_timestamp"] - slate["at"] <= timedelta(days=WINDOWS[outcome["kind"]])


def target(surface: str, slates: list[dict], outcome: dict, moves: list[tuple[dict, dict]]) -> dict | None:
    candidate = outcome["job_id"] if surface == "job_feed" else outcome["freelancer_id"]
    for s in slates:
        named = s["query_id"] == outcome["query_id"] and s["candidate"] == candidate
        if named and s["at"] <= outcome["event_timestamp"] and in_window(s, outcome):
            return s
    if counts_for(surface, outcome) == "answer":
        same = [(m, s) for m, s in moves if answered(m, outcome) and m["event_timestamp"] <= outcome["event_timestamp"]]
        if same:
            return max(same, key=lambda pair: (pair[0]["event_timestamp"], pair[1]["order"]))[1]
    return latest(slates, outcome)


def answered(move: dict, outcome: dict) -> bool:
    if move["freelancer_id"] != outcome["freelancer_id"]:
        return False
    if move["job_id"] is not None:
        return move["job_id"] == outcome["job_id"]
    return move["client_id"] == outcome["client_id"]


def oracle(slates: list[dict], interactions: list[dict], named: dict[str, str]) -> dict[tuple[str, str], set[str]]:
    credited: dict[tuple[str, str], set[str]] = {(s["query_id"], s["candidate"]): set() for s in slates}
    for surface in HEADS:
        own = [s for s in slates if s["surface"] == surface]
        moves: list[tuple[dict, dict]] = []
        due = [o for o in interactions if counts_for(surface, o)]
        due = [o for o in due if o["kind"] not in ("click", "save") or named.get(o["query_id"], surface) == surface]
        for only_moves in (True, False):
            for outcome in due:
                if (outcome["kind"] == MOVE[surface]) == only_moves:
                    found = target(surface, own, outcome, moves)
                    if found is not None and in_window(found, outcome):
                        credited[found["query_id"], found["candidate"]].add(outcome["kind"])
                        moves += [(outcome, found)] if only_moves else []
    return credited


HOURS = st.integers(0, 24 * 12).map(lambda hours: hours / 24)
ACTS = [
    *[("click", side) for side in ("freelancer", "client")],
    *[("apply", "freelancer"), ("invite", "client")] * 3,
    *[("accept", "client"), ("accept", "freelancer")] * 3,
    *[("save", "freelancer"), ("save", "client"), ("apply", "client"), ("invite", "freelancer"), ("hire", "client")],
]


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[dict], list[dict], list[dict]]:
    """Few people and jobs, so that pairs meet again and again."""
    queries, slates = [], []
    for number in range(draw(st.integers(3, 14))):
        surface: Surface = draw(st.sampled_from(list(HEADS)))
        free_text = surface == "job_feed" or (surface == "talent_search" and draw(st.booleans()))
        job = None if free_text else draw(st.sampled_from("JJJK"))
        actor = draw(st.sampled_from("FFFG" if surface == "job_feed" else "CCCD"))
        at = draw(HOURS)
        queries.append(query(f"q{number}", at, surface, actor, job))
        people = "JK" if surface == "job_feed" else "FG"
        viewed = draw(st.sampled_from([True, True, None, False]))
        length = draw(st.integers(1, 2))
        slates += [shown(f"q{number}", c, at, rank=r + 1, viewed=viewed) for r, c in enumerate(people[:length])]
    interactions = []
    for number in range(draw(st.integers(4, 24))):
        kind, side = draw(st.sampled_from(ACTS))
        row = act(kind, draw(HOURS), side)
        row["job_id"] = draw(st.sampled_from(["J", "J", "J", "K", None]))
        row["client_id"] = draw(st.sampled_from(["C", "C", "D"] if row["job_id"] is None else ["C", "C", None]))
        row["freelancer_id"] = draw(st.sampled_from("FFFG"))
        row["query_id"] = draw(st.sampled_from([None, None, *(q["query_id"] for q in queries)]))
        interactions.append(row | {"interaction_id": f"i{number}"})
    return queries, slates, interactions


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(stories())
def test_attribution_equals_the_oracle(
    tmp_path_factory: pytest.TempPathFactory, story: tuple[list[dict], list[dict], list[dict]]
) -> None:
    queries, impressions, interactions = story
    found = labels(world(tmp_path_factory.mktemp("lake"), queries, impressions, interactions), LATE)
    by_id = {q["query_id"]: q for q in queries}
    ordered = sorted(impressions, key=lambda i: (i["event_timestamp"], i["query_id"], i["rank"]))
    seen = []
    for order, i in enumerate(i for i in ordered if i["viewed"] is not False):
        q = by_id[i["query_id"]]
        is_feed = q["surface"] == "job_feed"
        seen.append(
            {
                "order": order,
                "at": i["event_timestamp"],
                "query_id": i["query_id"],
                "surface": q["surface"],
                "candidate": i["candidate_id"],
                "job": i["candidate_id"] if is_feed else q["job_id"],
                "freelancer": q["actor_id"] if is_feed else i["candidate_id"],
                "client": None if is_feed else q["actor_id"],
            }
        )
    expected = oracle(seen, interactions, {q["query_id"]: q["surface"] for q in queries})
    rows_found = found.rows.to_pylist()
    assert {(r["query_id"], r["candidate_id"]) for r in rows_found} == set(expected)
    for row in rows_found:
        kinds = expected[row["query_id"], row["candidate_id"]]
        assert row["relevance"] == max((GRADES[kind] for kind in kinds), default=0)
        funnel = HEADS[row["surface"]]
        reached = max((funnel.index("click" if kind == "save" else kind) for kind in kinds), default=-1)
        for depth, head in enumerate(funnel):
            assert row[head] == float(depth <= reached)
        assert all(row[head] is None for head in ALL_HEADS if head not in funnel)
