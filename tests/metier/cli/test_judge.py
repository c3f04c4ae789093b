"""`metier judge` on a home of the simulator and on one without truth."""

import json

import pytest
from typer.testing import CliRunner

from metier.cli.app import app
from metier.errors import EmptyDataError, InputError
from tests.components.evaluation.judged.home import judged_home, with_truth


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("METIER_HOME", str(tmp_path))
    return judged_home(tmp_path)


def said(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["judge", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_an_audit_is_said_and_kept(settings):
    with_truth(settings, [0, 0, 2, 0, 0, 0])
    assert "talent_search, held against truth" in said("audit")
    (surface,) = json.loads(said("audit", "--json"))["surfaces"]
    assert surface["whole"]["kappa"]["value"] == 1.0
    assert (settings.judgements / "agreement.json").exists()


def test_an_export_into_a_file_is_refused(settings, tmp_path):
    (tmp_path / "taken").touch()
    with pytest.raises(InputError, match="taken is a file; name a folder"):
        said("export", str(tmp_path / "taken"))


def test_people_s_judgements_measure_a_run_on_a_home_without_truth(settings, tmp_path):
    (tmp_path / "ours.qrels").write_text("q2 0 ada 3\nq2 0 bob 0\n")
    (tmp_path / "ours.run").write_text("q2 Q0 ada 2 0.1 ours\nq2 Q0 bob 1 0.9 ours\n")
    assert "2 judgements of 1 queries" in said("import", str(tmp_path / "ours.qrels"))
    figures = json.loads(said("evaluate", str(tmp_path / "ours.run"), "--json"))["figures"]
    assert figures["run"]["mrr_at_10"]["value"] == 0.5
    assert "held against people" in said("audit")


def test_a_bundle_is_asked_for_where_none_is_trained(settings, tmp_path):
    with pytest.raises(EmptyDataError, match="metier pipeline run training"):
        said("export", str(tmp_path / "out"))
    with pytest.raises(EmptyDataError, match="metier judge import FILE"):
        said("evaluate")
