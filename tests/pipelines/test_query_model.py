"""The query_model package: what it is asked, without a lake, and the step from a tiny base to its files."""

from types import SimpleNamespace

import pytest

from components.train_query_model import train_query_model
from metier.errors import InputError
from metier.settings import Settings
from pipelines.local import run_locally
from pipelines.package import prepare
from tests.components.language.query_model.tiny import tiny_base


def test_it_needs_no_lake_and_takes_the_settings(tmp_path):
    arguments = prepare("query_model", Settings(home=tmp_path, query_base=tmp_path / "base", query_workers=2)).arguments
    assert arguments == {
        "inputs_digest": arguments["inputs_digest"], "base": str(tmp_path / "base"), "workers": 2,
    }  # fmt: skip
    assert len(str(arguments["inputs_digest"])) == 16


def test_what_it_does_not_read_is_refused_before_it_runs(tmp_path):
    home = Settings(home=tmp_path, query_base=tmp_path / "gone")
    with pytest.raises(InputError, match="leave out --surface and --ranker"):
        prepare("query_model", home, ("job_feed",))
    with pytest.raises(InputError, match="gone, which is not there"):
        run_locally("query_model", home, show=print)


def test_the_step_writes_the_adapter_and_its_figures(tmp_path, monkeypatch):
    monkeypatch.setenv("METIER_HOME", str(tmp_path / "home"))
    logged = {}
    metrics = SimpleNamespace(log_metric=logged.__setitem__)
    model = SimpleNamespace(path=str(tmp_path / "model"))
    base = str(tiny_base(tmp_path / "base"))
    line = train_query_model.python_func(base, 0, 1, "digest", model, metrics)
    assert line.endswith(f"serve {tmp_path / 'model'}/adapter.gguf")
    assert (tmp_path / "model" / "adapter.gguf").stat().st_size > 0
    assert {"f1", "gain_low", "gain_high", "base_f1", "valid", "base_valid", "ms"} <= logged.keys()
