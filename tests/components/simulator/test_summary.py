"""The report: its arithmetic, and the order of what could rank the world."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from components.simulator import SimulatorConfig, WorldSummary, render, simulate
from components.simulator.summary import gini, ndcg


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> WorldSummary:
    config = SimulatorConfig(freelancers=600, jobs=400, impressions=40_000, days=60)
    truth: Path = tmp_path_factory.mktemp("truth")
    return simulate(config, lambda _name, _rows: None, truth)


def test_ndcg_of_three_by_hand():
    # relevance 0, 2, 1 shown in that order: gains 0, 3, 1
    # DCG = 3 / log2(3) + 1 / 2 = 1.8928 + .5 = 2.3928; best = 3 + 1 / log2(3) = 3.6309; ratio .6590
    relevance, shown = np.array([0, 2, 1], np.float32), np.array([3, 2, 1], np.float32)
    assert ndcg(relevance, shown, np.zeros(3, int)) == pytest.approx([0.6590], abs=1e-4)


def test_ndcg_is_nan_where_nothing_is_relevant_and_one_for_the_oracle():
    relevance, query = np.array([0, 0, 1, 3], np.float32), np.array([4, 4, 9, 9])
    found = ndcg(relevance, relevance, query)
    assert np.isnan(found[0])
    assert found[1] == 1


def test_ndcg_counts_ten_places_only():
    relevance = np.zeros(12, np.float32)
    relevance[11] = 4
    assert ndcg(relevance, -np.arange(12, dtype=np.float32), np.zeros(12, int)) == pytest.approx([0.0])


def test_gini_of_equals_is_zero_and_of_one_winner_in_four_three_quarters():
    assert gini(np.array([2, 2, 2, 2])) == pytest.approx(0)
    assert gini(np.array([0, 0, 0, 8])) == pytest.approx(0.75)
    assert gini(np.zeros(3)) == 0


@pytest.mark.parametrize("surface", ["talent_search", "job_feed", "applicant_review"])
def test_the_oracle_beats_the_observable_which_beats_the_log_and_chance(report, surface):
    found = report.ndcg_at_10[surface]
    assert found["oracle"] == pytest.approx(1)
    assert found["observable"] < 0.97
    assert found["observable"] > found["logged"] + 0.03
    assert found["observable"] > found["random"] + 0.03


def test_the_retrieving_policies_beat_chance(report):
    for surface in ("talent_search", "job_feed"):
        assert report.ndcg_at_10[surface]["logged"] > report.ndcg_at_10[surface]["random"] + 0.02


def test_a_strong_policy_logs_better_slates(report, tmp_path):
    config = SimulatorConfig(freelancers=600, jobs=400, impressions=20_000, days=60, logging_policy="strong")
    strong = simulate(config, lambda _name, _rows: None, tmp_path)
    for surface in ("talent_search", "job_feed"):
        lift = [r.ndcg_at_10[surface]["logged"] - r.ndcg_at_10[surface]["random"] for r in (strong, report)]
        assert strong.ndcg_at_10[surface]["logged"] > report.ndcg_at_10[surface]["logged"], lift


def test_funnels_narrow_and_delays_have_a_tail(report):
    feed, talent = report.funnel["job_feed"], report.funnel["talent_search"]
    assert 0.03 < feed["click_rate"] < 0.12
    assert 0.03 < talent["click_rate"] < 0.12
    assert feed["apply_rate"] < feed["click_rate"] < feed["view_rate"] < 1
    assert report.funnel["contracts"]["hires"] > 20
    assert 2 < report.hire_delay_days["p50"] < 10
    assert report.hire_delay_days["p99"] > 15
    assert 0.5 < report.concentration["hires"]["gini"] <= 1


def test_the_report_is_json_and_text(report):
    assert json.loads(json.dumps(asdict(report)))["rows"]["freelancers"] == report.rows["freelancers"]
    text = render(report)
    for word in ("NDCG@10", "applicant_review", "Gini", "observable", "randomised"):
        assert word in text


def test_progress_runs_from_nothing_to_done(tmp_path):
    told: list[float] = []
    config = SimulatorConfig(freelancers=60, jobs=40, impressions=600, days=14)
    simulate(config, lambda _name, _rows: None, tmp_path, lambda share, _doing: told.append(share))
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)
