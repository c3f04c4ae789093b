"""Guardrails of a marketplace and of a challenger, with the arithmetic in view; what cannot be told is named."""

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from components.evaluation.decision import marketplace
from components.evaluation.decision.marketplace import FIGURES, marketplace_guardrails
from components.evaluation.decision.of_challenger import challenger_guardrails
from components.evaluation.logged_slates import ScoredSlates
from components.training_sets import RankingDataset, TracedDataset
from metier.lake import Lake
from tests.components.training_sets.organic_log import START, act, add, day

AS_OF = START + timedelta(days=60)
BEFORE, LATER = 10, 40
"""Days in the earlier and in the later period, whatever outcomes still have to come."""


def post(job: str, at: float) -> dict:
    row = {"job_id": job, "title": "a job", "description": "", "skills": [], "openings": 1, "visibility": "public"}
    return row | {"status": "open", "posted_at": day(at), "event_timestamp": day(at)}


def person(name: str, at: float) -> dict:
    row = {"freelancer_id": name, "title": "writes", "overview": "", "skills": [], "status": "listed"}
    return row | {"joined_at": day(at), "event_timestamp": day(at)}


def query(name: str, at: float) -> dict:
    row = {"query_id": name, "surface": "job_feed", "actor_id": name, "filters": "{}", "context": "{}"}
    return row | {"event_timestamp": day(at)}


@pytest.fixture
def lake(tmp_path, monkeypatch) -> Lake:
    """Ten jobs, people and queries of each period: in the later one half as many of them fare well."""
    monkeypatch.setattr(marketplace, "FEWEST", 10)
    lake = Lake(str(tmp_path / "lake"))
    people, jobs, acts, queries, shown = [], [], [], [], []
    for at, well in ((BEFORE, 10), (LATER, 5)):
        for number in range(10):
            name = f"{at}-{number}"
            people.append(person(name, at))
            jobs.append(post(name, at))
            queries.append(query(name, at))
            acts.append(act("invite", at, "40-0" if at == LATER else name, name, "client"))
            if number < well:
                acts += [act("apply", at + 1, name, name), act("accept", at + 2, name, name, "client")]
                shown.append(
                    {"query_id": name, "candidate_id": name, "rank": 1, "placement": "organic"}
                    | {"event_timestamp": day(at)}
                )
            else:
                acts.append(act("decline", at + 4, name, name, "client"))
    for table, rows in (("freelancers", people), ("jobs", jobs), ("queries", queries), ("impressions", shown)):
        add(lake, table, rows)
    add(lake, "interactions", acts)
    return lake


def test_each_figure_is_the_later_share_minus_the_earlier_one(lake):
    told, untold = marketplace_guardrails(lake, "job_feed", AS_OF)
    changes = {guardrail.name.split(", against")[0]: guardrail.value.value for guardrail in told}
    assert changes == {
        "jobs with as many accepted applicants as openings within 72 h": pytest.approx(0.5 - 1.0),
        "jobs without an applicant within 72 h": pytest.approx(0.5 - 0.0),
        "share of invites that the tenth invited most has": pytest.approx(1.0 - 0.1),
        "new freelancers accepted within 14 days": pytest.approx(0.5 - 1.0),
        "declines among accepts and declines": pytest.approx(0.5 - 0.0),
        "queries that were shown nothing": pytest.approx(0.5 - 0.0),
    }
    assert [each.name for each in untold] == [
        "latency",
        "feature parity",
        "share of hires that the tenth hired most has",
    ]
    assert untold[-1].why == "0 and 0 in the two periods, fewer than 10"
    assert all(guardrail.value.low <= guardrail.value.value <= guardrail.value.high for guardrail in told)


def test_a_lake_of_another_time_tells_nothing_and_says_so_of_each_figure(lake):
    told, untold = marketplace_guardrails(lake, "job_feed", AS_OF + timedelta(days=400))
    assert told == ()
    assert {figure.name for figure in FIGURES} < {each.name for each in untold}


def test_a_challenger_that_puts_one_candidate_first_everywhere_is_told():
    """Twenty queries over twenty candidates: it has one first everywhere, what it faces has each of them first once."""
    queries = 20
    rows = np.repeat(np.arange(queries), 2)
    candidates = np.where(np.arange(2 * queries) % 2 == 0, 0, rows + 1)
    trace = pa.table(
        {"query_id": rows.astype(str), "candidate_id": candidates.astype(str), "actor_id": rows.astype(str)}
    )
    dataset = RankingDataset(np.zeros((len(rows), 1), np.float32), rows % 2, rows, ("price",))
    one = np.where(candidates == 0, 1.0, 0.0)
    slates = ScoredSlates(TracedDataset(dataset, trace, {}), {"ensemble": one, "retrieval": -one}, "retrieval", ())
    (concentration,), (calibration,) = challenger_guardrails(slates, ())
    assert concentration.value.value == pytest.approx(1.0 - 0.1)  # all 20 first places; 2 of 20 are the tenth
    assert concentration.limit < concentration.value.low
    assert calibration.name == "calibration"
