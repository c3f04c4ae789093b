"""One page for all replicas: what one counted outlasts it, and what says how it is does not."""

import os
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from serving.request.trace import RequestTrace, Took
from serving.telemetry.cost import usd_per_1000_requests
from serving.telemetry.metrics import Metrics
from serving.telemetry.pages import KEPT_SECONDS, STALE_SECONDS, leave, leave_last, page_of


def of_one(tier="ensemble", behind=1.0):
    """Figures of a replica that made one slate."""
    metrics, trace = Metrics(), RequestTrace(60_000, surface="job_feed", tier=tier, took=[Took("score", 1.0, 1.002)])
    trace.degrade("reasons", "failed (ValueError)")
    metrics.count_slate(trace)
    metrics.gauges["behind"].set(behind)
    return metrics.text()


def samples(page, name):
    """By replica."""
    found = [sample for family in text_string_to_metric_families(page.decode()) for sample in family.samples]
    return {sample.labels["replica"]: sample.value for sample in found if sample.name == name}


def age(folder, replica, seconds):
    moment = time.time() - seconds
    os.utime(folder / f"{replica}.prom", (moment, moment))


def test_whoever_is_asked_tells_of_all_with_its_own_figures_as_they_are_now(tmp_path):
    leave(tmp_path, "one", of_one(behind=7.0))
    leave(tmp_path, "two", of_one(behind=2.0))
    page = page_of(tmp_path, "one", of_one(behind=1.0))
    assert samples(page, "metier_changes_behind_seconds") == {"one": 1.0, "two": 2.0}
    assert samples(page, "metier_slates_total") == {"one": 1.0, "two": 1.0}


@pytest.mark.parametrize("killed", [True, False])
def test_what_a_replica_counted_stays_when_it_ends_and_its_gauges_go(tmp_path, killed):
    if killed:
        leave(tmp_path, "ended", of_one())
        age(tmp_path, "ended", STALE_SECONDS + 1)
    else:
        leave_last(tmp_path, "ended", of_one())
    page = page_of(tmp_path, "one", of_one())
    assert samples(page, "metier_slates_total") == {"one": 1.0, "ended": 1.0}
    assert samples(page, "metier_stage_seconds_count") == {"one": 1.0, "ended": 1.0}
    assert samples(page, "metier_degraded_total") == {"one": 1.0, "ended": 1.0}
    assert set(samples(page, "metier_changes_behind_seconds")) == {"one"}


def test_figures_of_long_ago_are_neither_told_nor_kept(tmp_path):
    leave(tmp_path, "ended", of_one())
    age(tmp_path, "ended", KEPT_SECONDS + 1)
    assert set(samples(page_of(tmp_path, "one", of_one()), "metier_slates_total")) == {"one"}
    leave(tmp_path, "one", of_one())
    assert [path.name for path in tmp_path.iterdir()] == ["one.prom"]


def test_a_surface_serves_one_bundle_and_release_at_a_time():
    metrics = Metrics()
    for bundle in ("b1", "b1", "b2"):
        metrics.set_served("job_feed", bundle, "r1")
    lines = [line for line in metrics.text().splitlines() if line.startswith("metier_served{")]
    assert lines == ['metier_served{bundle="b2",release="r1",surface="job_feed"} 1.0']


def test_processor_time_counts_from_the_first_look_and_never_falls():
    metrics = Metrics()
    first = metrics.registry.get_sample_value
    metrics.text()
    assert first("metier_cpu_seconds_total") == 0.0
    sum(range(200_000))
    metrics.text()
    once = first("metier_cpu_seconds_total")
    metrics.text()
    assert 0.0 < once <= first("metier_cpu_seconds_total")


def test_a_slate_is_late_that_its_deadline_did_not_wait_for():
    metrics = Metrics()
    for deadline_ms in (60_000, -1.0):
        metrics.count_slate(RequestTrace(deadline_ms, surface="job_feed", tier="xgboost", cpu_ms=5.0))
    value = metrics.registry.get_sample_value
    assert value("metier_late_slates_total", {"surface": "job_feed"}) == 1.0
    assert value("metier_slate_cpu_seconds_sum", {"surface": "job_feed"}) == pytest.approx(0.01)


def test_what_exploration_costs_is_a_mean_over_the_slates_that_explore():
    metrics = Metrics()
    for loss in (0.3, 0.0, None):
        metrics.count_slate(RequestTrace(60_000, surface="job_feed", tier="ensemble", exploration_loss=loss))
    value = metrics.registry.get_sample_value
    assert value("metier_exploration_loss_sum", {"surface": "job_feed"}) == pytest.approx(0.3)
    assert value("metier_exploration_loss_count", {"surface": "job_feed"}) == 2.0


def test_a_thousand_requests_cost_their_processor_time():
    # 9 ms each: 9 s of 3,600, at 4 cents an hour
    assert usd_per_1000_requests(cpu_seconds=18.0, requests=2_000, usd_per_core_hour=0.04) == pytest.approx(0.0001)
