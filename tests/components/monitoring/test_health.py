"""Freshness, volume and nulls, skew, and how findings are judged, ordered and refused."""

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest

from components.monitoring.findings import Limits, measured, require, unmeasured, worst_first
from components.monitoring.health import (
    Nulls,
    Volume,
    daily_volumes,
    freshness,
    newest_rows,
    null_rates,
    usual,
    volume,
)
from components.monitoring.replay import Mismatch, ReplayReport
from components.monitoring.skew import skew
from metier.contract import TABLES
from metier.errors import EmptyDataError, ValidationError
from metier.lake import Lake

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)
SUNDAY = date(2026, 3, 1)


@pytest.fixture
def lake_of(tmp_path):
    def build(*stamps):
        lake = Lake(str(tmp_path / "lake"))
        rows = [
            {"interaction_id": f"i{place}", "kind": "click", "side": "freelancer", "freelancer_id": "f", "job_id": "j",
             "event_timestamp": stamp, "recorded_at": stamp}
            for place, stamp in enumerate(stamps)
        ]  # fmt: skip
        lake.append("interactions", pa.Table.from_pylist(rows, TABLES["interactions"].schema))
        return lake

    return build


def by_subject(findings):
    return {finding.subject: finding for finding in findings}


def test_freshness_is_the_clock_minus_the_newest_row_and_entities_may_be_slow():
    newest = {"queries": NOW - 49 * HOUR, "impressions": NOW - 48 * HOUR, "jobs": NOW - 49 * HOUR, "clients": None}
    found = by_subject(freshness(newest, NOW, Limits()))
    assert {name: finding.verdict for name, finding in found.items()} == {
        "queries": "past",
        "impressions": "within",
        "jobs": "within",
        "clients": "not measured",
    }
    assert found["queries"].value == 49


def test_rows_of_the_future_are_not_known_yet(lake_of):
    lake = lake_of(NOW - 3 * HOUR, NOW + HOUR)
    with lake.connect(NOW) as connection:
        newest = newest_rows(connection)
    assert newest == dict.fromkeys(TABLES) | {"interactions": NOW - 3 * HOUR}


def test_days_are_counted_without_gaps_up_to_the_last_whole_one(lake_of):
    midnight = datetime(2026, 3, 2, tzinfo=UTC)
    lake = lake_of(midnight - 50 * HOUR, midnight - 24 * HOUR, midnight - HOUR, midnight, NOW)
    with lake.connect(NOW) as connection:
        found = {each.table: each for each in daily_volumes(connection, NOW, weeks=4)}
    assert found["interactions"] == Volume("interactions", SUNDAY, (1, 0, 2))
    assert found["queries"].rows == (0,)


def test_what_happened_before_the_weeks_looked_at_is_not_counted(lake_of):
    lake = lake_of(NOW - 100 * 24 * HOUR, NOW - 24 * HOUR)
    with lake.connect(NOW) as connection:
        (found,) = [each for each in daily_volumes(connection, NOW, weeks=2) if each.table == "interactions"]
    assert found.rows == (*[0] * 14, 1)


def test_a_day_is_compared_with_the_median_of_its_weekday():
    weeks = [100, *[900] * 6, 120, *[900] * 6, 400, *[900] * 6]
    assert usual(Volume("queries", SUNDAY, (*weeks, 60))) == 120
    assert usual(Volume("queries", SUNDAY, (900,) * 7)) is None


@pytest.mark.parametrize(
    ("before", "last", "verdict"),
    [(100, 49, "past"), (100, 50, "within"), (100, 200, "within"), (100, 201, "past"), (100, 0, "past"),
     (49, 0, "not measured"), (0, 500, "not measured"), (0, 0, "not measured")],
)  # fmt: skip
def test_volume_is_judged_by_its_ratio_where_there_is_enough_to_judge(before, last, verdict):
    (finding,) = volume([Volume("queries", SUNDAY, (before, *[7] * 6, last))], Limits())
    assert finding.verdict == verdict
    assert finding.value == (last / before if before else None)


def test_a_table_younger_than_a_week_has_nothing_to_compare_with():
    (finding,) = volume([Volume("queries", SUNDAY, (900, 1))], Limits())
    assert (finding.verdict, finding.value) == ("not measured", None)


def null_rate(now, before):
    (finding,) = null_rates({"v": now}, before, Limits())
    return finding


def test_a_share_of_nulls_is_compared_with_the_previous_run_both_ways():
    assert null_rate(Nulls(1000, {"f": 350}), {"v": Nulls(400, {"f": 100})}).value == pytest.approx(0.1)
    for now, before in ((500, 100), (100, 500)):
        finding = null_rate(Nulls(1000, {"f": now}), {"v": Nulls(1000, {"f": before})})
        assert (finding.verdict, finding.value) == ("past", pytest.approx(0.4))
    assert finding.note == "50.0% then, 10.0% now"


@pytest.mark.parametrize(
    ("now", "before", "why"),
    [
        (Nulls(1000, {"f": 0}), {}, "the previous run did not measure it"),
        (Nulls(1000, {"f": 0}), {"v": Nulls(1000, {"g": 0})}, "the previous run did not measure it"),
        (Nulls(0, {"f": 0}), {"v": Nulls(1000, {"f": 0})}, "no rows now"),
        (Nulls(1000, {"f": 0}), {"v": Nulls(0, {"f": 0})}, "no rows in the previous run"),
        (Nulls(1000, {"f": 0}), {"v": Nulls(9, {"f": 9})}, "100.0% then, 0.0% now; 9 rows, 200 needed"),
    ],
)
def test_nulls_that_cannot_be_compared_are_not_measured(now, before, why):
    finding = null_rate(now, before)
    assert (finding.verdict, finding.note) == ("not measured", why)


def test_nothing_served_is_not_measured():
    def nothing(most):
        raise EmptyDataError("the lake holds no served impression with features")

    finding = skew(nothing, Limits())
    assert (finding.verdict, finding.note) == ("not measured", "the lake holds no served impression with features")


@pytest.mark.parametrize(("mismatches", "verdict"), [(0, "within"), (1, "past")])
def test_one_value_served_differently_is_past_the_limit(mismatches, verdict):
    examples = (Mismatch("q", "c", "clicks_7d", 1.0, 2.0),) * mismatches
    finding = skew(lambda most: ReplayReport(most, 10 * most, mismatches, examples), Limits(replayed_impressions=30))
    assert (finding.verdict, finding.value) == (verdict, mismatches)
    assert "30 served impressions rebuilt, 300 values" in finding.note
    assert ("clicks_7d" in finding.note) == bool(mismatches)


def test_the_furthest_past_its_limit_is_named_first():
    findings = [
        measured("psi", "v", "slightly", value=0.3, high=0.25),
        measured("volume", "queries", value=0.1, low=0.5, high=2.0),
        measured("psi", "v", "within", value=0.1, high=0.25),
        unmeasured("psi", "v", "few", value=9.0, note="few"),
        measured("skew", "served features", value=1.0, high=0.0),
        measured("freshness", "jobs", value=96.0, high=48.0),
    ]
    assert [finding.measure for finding in worst_first(findings)] == ["skew", "volume", "freshness", "psi"]
    with pytest.raises(ValidationError) as refused:
        require(findings, "monitoring.html")
    assert str(refused.value) == (
        "monitoring: 4 past their limits: skew of served features is 1 (at most 0); "
        "volume of queries is 0.1 × usual (at least 0.5 × usual and at most 2 × usual); "
        "freshness of jobs is 96 h (at most 48 h); "
        "psi of v.slightly is 0.3 (at most 0.25); read monitoring.html"
    )


def test_an_error_names_the_worst_five_in_one_line():
    findings = [measured("psi", "v", f"f{place}", value=1.0 + place, high=0.25) for place in range(8)]
    with pytest.raises(ValidationError, match=r"8 past .*v\.f7 .*v\.f3 .*; and 3 more; read") as refused:
        require(findings, "page")
    assert "v.f2" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_nothing_past_its_limit_raises_nothing():
    require([measured("psi", "v", "f", value=0.25, high=0.25), unmeasured("ks", "v", "f", note="")], "page")
