"""The monitoring package, and how a run past its limits ends."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest
import yaml

from feature_repo.build.aggregates import build_feature_tables
from feature_repo.build.corpus import write_text_views
from metier.lake import Lake
from metier.settings import Settings
from pipelines.package import prepare
from tests.pipelines.command import assert_one_line, metier


def test_the_package_takes_the_clock_the_digest_and_whether_to_store_a_new_reference(home):
    package = prepare("monitoring", Settings(home=home))
    parameters = package.spec["root"]["inputDefinitions"]["parameters"]
    assert set(parameters) == {"as_of", "inputs_digest", "new_reference"}
    assert set(package.arguments) == {"as_of", "inputs_digest"}
    assert parameters["new_reference"]["defaultValue"] is False


def test_monitoring_is_never_answered_from_a_cache(home):
    (task,) = prepare("monitoring", Settings(home=home)).spec["root"]["dag"]["tasks"].values()
    assert not task.get("cachingOptions", {}).get("enableCache")


def test_the_command_compiles_it(home, tmp_path):
    done = metier(home, "compile", "monitoring", "--out", str(tmp_path / "monitoring.yaml"))
    assert done.returncode == 0, done.stderr
    spec = next(iter(yaml.safe_load_all((tmp_path / "monitoring.yaml").read_text())))
    assert spec["pipelineInfo"]["name"] == "metier-monitoring"


@pytest.mark.slow
def test_a_run_past_a_limit_writes_its_report_and_exits_with_the_worst_findings(home, tmp_path, monkeypatch):
    lake = home / "lake"
    features = Settings(home=tmp_path).features
    build_feature_tables(Lake(str(lake)), datetime(2026, 4, 15, tzinfo=UTC), features)
    write_text_views(features, [], np.ones((0, 4), np.float32))
    monkeypatch.setenv("METIER_LAKE_URL", str(lake))
    monkeypatch.setenv("METIER_AS_OF", "2026-04-15T00:00:00Z")
    done = metier(tmp_path, "run", "monitoring")
    assert_one_line(done, 1, "2 past their limits", "freshness of clients is 1080 h (at most 720 h)", "monitoring.html")
    report = json.loads((tmp_path / "reports" / "monitoring" / "monitoring.json").read_text())
    assert [each["subject"] for each in report["findings"] if each["verdict"] == "past"] == [
        "clients",
        "client_profile",
    ]
    assert "metier_monitoring_findings_past 2.0" in (tmp_path / "reports" / "monitoring" / "metrics.prom").read_text()
    assert (tmp_path / "monitoring" / "reference.json").exists()
