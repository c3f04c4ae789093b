"""Alerts ask for figures that an endpoint tells, and each has a page in the runbook."""

import re

import pytest

from serving.telemetry.metrics import Metrics
from tests.infra.manifests import CHECKOUT, document, serve_config

RULES = [rule for group in document("PrometheusRule")["spec"]["groups"] for rule in group["rules"]]


def told():
    """{sample's name: its labels} of an endpoint's figures."""
    metrics, found = Metrics(), {}
    suffixes = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
    for figure in (*metrics.counters.values(), *metrics.gauges.values(), metrics._requests, metrics._stages):
        (family,) = figure.collect()
        for suffix in suffixes[family.type]:
            found[family.name + suffix] = {*figure._labelnames, "replica", *(["le"] if suffix == "_bucket" else [])}
    return found


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_asks_for_figures_and_labels_that_an_endpoint_tells(rule):
    names = set(re.findall(r"\bmetier_\w+", rule["expr"]))
    assert names <= told().keys()
    labels = set.union(*(told()[name] for name in names))
    grouped = {label for group in re.findall(r"by \(([^)]*)\)", rule["expr"]) for label in group.split(", ")}
    matched = set(re.findall(r"[{,](\w+)(?:=~|!~|!=|=)\"", rule["expr"]))
    assert names
    assert grouped | matched <= labels
    assert set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])) <= grouped
    assert rule["expr"].count("(") == rule["expr"].count(")")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_has_a_page_in_the_runbook(rule):
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert f"### {rule['alert']}\n" in (CHECKOUT / page).read_text()
    assert anchor == rule["alert"].lower()
    assert rule["labels"]["severity"] in ("page", "ticket")


def test_figures_are_scraped_at_one_pod_by_a_route_and_a_port_of_the_endpoint():
    (scraped,) = document("ServiceMonitor")["spec"]["endpoints"]
    service = document("Service", "metier-figures")
    assert scraped["port"] in [port["name"] for port in service["spec"]["ports"]]
    assert (
        document("ServiceMonitor")["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    )
    assert service["spec"]["ports"][0]["port"] == serve_config()["http_options"]["port"]
    assert scraped["path"] == "/metrics"
