"""The dashboard asks for what an endpoint tells, by labels that it has, and leaves out nothing."""

import json
import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from serving.telemetry.metrics import Metrics

BOARD = json.loads((Path(__file__).resolve().parents[3] / "infra" / "grafana" / "endpoint.json").read_text())
PANELS = [panel for panel in BOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = [(panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]]
KINDS = {
    "histogram": ("_bucket", "_sum", "_count"),
    "summary": ("_sum", "_count"),
    "counter": ("_total",),
    "gauge": ("",),
}
EVERYWHERE = {"replica"}


def names(expression):
    """Metrics of an expression in PromQL, and the labels that are named with each."""
    found = {name: set(EVERYWHERE) for name in re.findall(r"\bmetier_\w+", expression)}
    for name, selectors in re.findall(r"\b(metier_\w+)\{([^}]*)\}", expression):
        found[name] |= set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selectors))
    return found


def grouped(expression):
    """Labels that an expression groups by, without those that it groups by no more."""
    return {label for group in re.findall(r"\bby \(([^)]*)\)", expression) for label in group.split(", ")}


@pytest.fixture(scope="module")
def told(client, world):
    """Samples of a real endpoint by name, with the labels that each has, and what says so of those without samples."""
    client.ranked("/v1/feed/jobs", world.body("job_feed"))
    labels = {}
    for family in text_string_to_metric_families(client.get("/metrics").text):
        for suffix in KINDS[family.type]:
            labels[family.name + suffix] = set(EVERYWHERE)
        for sample in family.samples:
            labels[sample.name] |= set(sample.labels)
    metrics = Metrics()
    for figure in (*metrics.counters.values(), *metrics.gauges.values(), metrics.exploration):
        (family,) = figure.collect()
        for suffix in KINDS[family.type]:
            labels[family.name + suffix] |= set(figure._labelnames)
    return labels


@pytest.mark.parametrize(("title", "expression"), EXPRESSIONS)
def test_every_metric_and_label_of_a_panel_is_told_by_an_endpoint(told, title, expression):
    asked = names(expression)
    assert asked
    assert set(asked) <= set(told)
    for name, labels in asked.items():
        assert labels <= told[name], name
    assert grouped(expression) <= set.union(*(told[name] for name in asked))


def test_every_metric_of_an_endpoint_is_on_a_panel(told):
    shown = {name for _, expression in EXPRESSIONS for name in names(expression)}
    whole = {re.sub(r"_(bucket|sum|count|total)$", "", name) for name in shown}
    assert {re.sub(r"_(bucket|sum|count|total)$", "", name) for name in told} - whole == set()


def test_a_legend_names_labels_that_its_expression_keeps():
    for panel in PANELS:
        for target in panel["targets"]:
            assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= grouped(target["expr"]), panel["title"]


def test_panels_have_names_and_numbers_of_their_own_and_do_not_overlap():
    boxes = [panel["gridPos"] for panel in BOARD["panels"]]
    taken = [
        (x, y)
        for box in boxes
        for x in range(box["x"], box["x"] + box["w"])
        for y in range(box["y"], box["y"] + box["h"])
    ]
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24
    for key in ("id", "title"):
        assert len({panel[key] for panel in BOARD["panels"]}) == len(BOARD["panels"])
    assert [panel["title"] for panel in PANELS if not panel["description"]] == []


def test_variables_of_the_board_are_those_of_its_queries():
    asked = set(re.findall(r"\$(?!__)\{?(\w+)", json.dumps(PANELS)))
    (surfaces,) = [variable for variable in BOARD["templating"]["list"] if variable["type"] == "query"]
    assert {variable["name"] for variable in BOARD["templating"]["list"]} == asked
    assert surfaces["query"]["query"] == "label_values(metier_served, surface)"
