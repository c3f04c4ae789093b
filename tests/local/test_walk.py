"""The whole walk, small and for real: simulate, train through kfp, serve through Ray, feedback back into the lake."""

import json
from pathlib import Path

import httpx
import pytest

from components.evaluation.report import EvaluationReport
from metier.lake import Lake
from metier.stored import from_plain
from tests.local.walk import Endpoint, endpoint, metier


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    home = tmp_path_factory.mktemp("home")
    size = ("--freelancers", "150", "--jobs", "120", "--impressions", "16000")
    train = ("pipeline", "run", "training", "--surface", "job_feed")
    promote = ("promote", "metier_job_feed", "1", "--reason", "the walk is of a ranker, whatever it is worth")
    for arguments in (("simulate", *size), train, promote):
        done = metier(home, *arguments)
        assert done.returncode == 0, done.stderr + done.stdout[-3000:]
    return home


@pytest.fixture(scope="module")
def report(home) -> EvaluationReport:
    done = metier(home, "report", "--json")
    (plain,) = json.loads(done.stdout)
    return from_plain(EvaluationReport, plain)


def test_the_report_has_an_interval_for_every_ranker_and_baseline(report):
    first = report.sections[0]
    assert {row.ranker for row in first.measured} >= {"retrieval", "popularity", "xgboost", "neural", "ensemble"}
    for row in first.measured:
        assert row.interval.low <= row.interval.value <= row.interval.high


def test_true_relevance_is_reported_because_the_world_was_simulated(report):
    assert report.sections[0].title == "True relevance"


def test_the_gate_names_its_estimand_or_holds(report):
    assert report.decision is not None
    assert report.decision.estimand in {"randomised", "logged"} or report.decision.verdict == "hold"
    assert report.decision.reasons


def test_artifacts_and_pages_are_kept(home):
    assert (home / "reports" / "job_feed" / "evaluation.html").exists()
    assert list((home / "pipelines" / "runs").glob("*/validate-events/docs/index.html"))
    assert list((home / "pipelines" / "runs").glob("**/ensemble/manifest.json"))


def test_nothing_that_trains_on_the_log_has_read_the_truth(home):
    sets = list((home / "pipelines" / "runs").glob("**/train/trace.parquet"))
    assert sets
    import pyarrow.parquet as pq

    assert "true_relevance" not in pq.read_schema(sets[0]).names


def test_a_bundle_is_registered_with_its_decision_and_has_a_candidate_release(home):
    (release,) = (home / "candidates").glob("job_feed-[0-9a-f]*[0-9a-f]/current.json")
    (bundle,) = (home / "bundles").glob("metier_job_feed/*")
    decision = json.loads((bundle / "decision.json").read_text())
    assert decision["verdict"] in {"promote", "hold"}
    assert json.loads((bundle / "manifest.json").read_text())["metadata"]["surface"] == "job_feed"
    assert json.loads(release.read_text())["version"]


CLICK = {"interaction_id": "click-1", "kind": "click", "side": "freelancer"}


@pytest.fixture(scope="module")
def served(home) -> dict:
    """What one endpoint answered before it was killed right after it had acknowledged an interaction."""
    told: dict = {}
    with endpoint(home) as first:
        told["slates"] = [ask(first, actor) for actor in actors(home)]
        told["unknown"] = httpx.post(f"{first.url}/v1/feed/jobs", json={"actor_id": "nobody"}, timeout=30)
        told["acknowledged"] = click(first, told["slates"][0])
        first.kill()
    told["first import"] = json.loads(metier(home, "import", "events", "--json").stdout)
    with endpoint(home) as second:
        told["again"] = click(second, told["slates"][0])
        told["ready"] = httpx.get(f"{second.url}/readyz", timeout=30).json()
    told["second import"] = json.loads(metier(home, "import", "events", "--json").stdout)
    return told


def actors(home: Path) -> list[str]:
    with Lake(str(home / "lake")).connect() as connection:
        rows = connection.sql(
            "SELECT DISTINCT actor_id FROM queries WHERE surface = 'job_feed' AND actor_id IN (SELECT freelancer_id "
            "FROM freelancers GROUP BY 1 HAVING arg_max(status, event_timestamp) = 'listed') ORDER BY 1 LIMIT 60"
        )
        return [actor for (actor,) in rows.fetchall()]


def ask(served: Endpoint, actor: str) -> dict:
    body = {"actor_id": actor, "k": 20, "deadline_ms": 10_000}
    answer = httpx.post(f"{served.url}/v1/feed/jobs", json=body, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()


def click(served: Endpoint, slate: dict) -> dict:
    about = {"freelancer_id": "fr_000001", "job_id": slate["slate"][0]["candidate_id"], "query_id": slate["query_id"]}
    answer = httpx.post(f"{served.url}/v1/interactions", json={"interactions": [CLICK | about]}, timeout=30)
    return answer.json()


def test_every_slate_is_ranked_by_the_whole_ensemble(served):
    assert {slate["tier"] for slate in served["slates"]} == {"ensemble"}
    assert [slate["degraded"] for slate in served["slates"] if slate["degraded"]] == []
    assert served["unknown"].status_code == 404


def test_an_acknowledged_interaction_survives_sigkill(served):
    assert served["acknowledged"] == {"accepted": 1}
    assert served["first import"]["tables"]["interactions"]["written"] == 1


def test_the_same_interaction_again_counts_once(served):
    assert served["again"] == {"accepted": 1}
    interactions = served["second import"]["tables"]["interactions"]
    assert (interactions["written"], interactions["duplicates"]) == (0, 1)


def test_served_slates_are_in_the_lake(home, served):
    shown = sum(len(slate["slate"]) for slate in served["slates"])
    assert served["first import"]["tables"]["queries"]["written"] == len(served["slates"])
    assert served["first import"]["tables"]["impressions"]["written"] == shown


def test_served_features_equal_their_rebuild(home, served):
    done = metier(home, "lake", "replay", "--most", "1000", "--json")
    report = json.loads(done.stdout)
    assert report["impressions"] == min(1000, sum(len(slate["slate"]) for slate in served["slates"]))
    assert report["mismatches"] == 0, report["examples"]
    assert done.returncode == 0


def test_a_restarted_endpoint_serves_the_same_candidates(served):
    versions = {slate["snapshot_version"] for slate in served["slates"]}
    assert versions == {served["ready"]["surfaces"]["job_feed"]["snapshot_version"]}
