"""docs/bring-your-ranker.md as it stands there: a class of one's own from its fit to a slate over HTTP."""

import json
import re
import shlex
from pathlib import Path

import pytest

from components.evaluation.report.history import newest_reports
from components.releases import Bundle, open_registry
from components.releases.aliases import trained_bundles
from metier.errors import RankerError
from metier.lake import Lake
from metier.settings import Settings
from serving.clock import OffsetClock
from serving.engine import Engine
from tests.local.walk import metier
from tests.serving.world import served

PAGE = Path(__file__).resolve().parents[2] / "docs" / "bring-your-ranker.md"
CLASS = "my_ranker:RidgeRanker"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """METIER_HOME after the commands of the page, whose ranker lies beside it."""
    page, home = PAGE.read_text(), tmp_path_factory.mktemp("home")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (home / "my_ranker.py").write_text(code)
    commands = re.findall(r"^    metier ((?:simulate|pipeline run) .*)$", page, re.MULTILINE)
    assert len(commands) == 2
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(home))
        patch.setenv("PYTHONPATH", str(home), prepend=":")
        for command in commands:
            done = metier(home, *shlex.split(command))
            assert done.returncode == 0, done.stderr + done.stdout[-3000:]
        yield home


def pin_of(home: Path):
    ((surface, served_as),) = trained_bundles(open_registry(Settings(home=home))).items()
    return surface, served_as.bundle


def test_the_report_measures_it_and_compares_the_ensemble_with_it(home):
    ((report, _),) = newest_reports(home / "reports")
    names = {"ridge_ranker", "skill_jaccard", "ensemble", "retrieval", "popularity"}
    assert {row.ranker for row in report.sections[0].measured} >= names
    assert {row.against for row in report.sections[0].compared} >= names - {"ensemble"}
    assert report.decision.verdict in {"promote", "hold", "refuse"}


def test_its_bundle_records_the_class_and_loads_it_where_it_is_allowed(home):
    _, pin = pin_of(home)
    folder = open_registry(Settings(home=home)).fetch(pin.name, pin.version, pin.sha256)
    manifest = json.loads((folder / "ensemble" / "manifest.json").read_text())
    assert {name: part["kind"] for name, part in manifest["metadata"]["rankers"].items()} == {
        "ridge_ranker": CLASS,
        "skill_jaccard": "external",
    }
    assert "ridge_ranker/ridge.npz" in manifest["files"]
    with pytest.raises(RankerError, match=f"set METIER_RANKER_CLASSES={CLASS}"):
        _ = Bundle.load(folder, pin.sha256).ensemble
    assert list(Bundle.load(folder, pin.sha256, ranker_classes=(CLASS,)).ensemble.rankers) == [
        "ridge_ranker",
        "skill_jaccard",
    ]


def test_it_is_served_as_part_of_the_ensemble(home):
    settings = Settings(home=home, ranker_classes=(CLASS,))
    surface, pin = pin_of(home)
    lake = Lake(settings.lake)
    actors = lake.read("freelancers")["freelancer_id"]
    engine = Engine(settings, {surface: pin}, OffsetClock.starting_at(lake.as_of()))
    with served(lambda: engine) as client:
        body = json.dumps({"actor_id": actors[0].as_py(), "k": 5, "deadline_ms": 10_000})
        answer = client.send("POST", "/v1/feed/jobs", body).json()
    assert answer["tier"] == "ensemble", answer
    assert len(answer["slate"]) == 5


def test_a_class_that_is_no_ranker_stops_the_run_before_its_first_step(home):
    done = metier(home, "pipeline", "run", "training", "--ranker", "json:JSONDecoder")
    assert done.returncode == 2
    assert done.stderr.startswith("metier: json:JSONDecoder is no ranker class: it lacks fit, score, save, load")
    assert len(done.stderr.splitlines()) == 1
