"""Figures of the page Health: those of replicas that run, and what a request costs by their processor time."""

import pytest

from serving.console.state import figures
from serving.telemetry.metrics import Metrics
from serving.telemetry.pages import leave_last, page_of

MILLISECONDS, DOLLARS = "milliseconds of processor time", "US dollars of processor time"


def told(metrics, folder):
    return {
        (each.name, each.labels, each.replica): each.value for each in figures(page_of(folder, "one", metrics).decode())
    }


def replica(requests, probes, cpu_seconds, price):
    """Text of one that answered so many, a second ago."""
    metrics = Metrics()
    for route, number in (("/v1/rank", requests), ("/healthz", probes)):
        for _ in range(number):
            metrics.count_request(route, 200, 0.01)
    metrics.counters["cpu"].inc(cpu_seconds)
    metrics.gauges["price"].set(price)
    return metrics.text()


def test_a_request_costs_the_processor_time_of_the_replica_at_the_declared_price(tmp_path):
    # 2 s for 100 requests: 20 ms each; 20 s for 1,000, at .36 dollars an hour
    shown = told(replica(100, 900, 2.0, 0.36), tmp_path)
    assert shown[MILLISECONDS, "a request", "one"] == pytest.approx(20.0)
    assert shown[DOLLARS, "1,000 requests", "one"] == pytest.approx(0.002)


def test_without_a_price_or_a_request_there_is_no_cost(tmp_path):
    names = {name for name, _, _ in told(replica(1, 0, 2.0, 0.0), tmp_path)}
    assert (MILLISECONDS in names, DOLLARS in names) == (True, False)
    assert MILLISECONDS not in {name for name, _, _ in told(replica(0, 9, 2.0, 0.36), tmp_path)}


def test_a_replica_that_ended_is_not_shown(tmp_path):
    leave_last(tmp_path, "ended", replica(5, 0, 1.0, 0.36))
    assert {replica for _, _, replica in told(replica(1, 0, 1.0, 0.36), tmp_path)} == {"one"}
