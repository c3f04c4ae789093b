"""What was evaluated is registered, and aliases move as the gate decided and no other way."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from components.evaluation.decision.looks import Looks
from components.evaluation.evaluate import StudyEvaluation
from components.evaluation.gate import Evidence
from components.evaluation.promotion import register
from components.evaluation.report import EvaluationReport
from components.evaluation.report.document import Measured, Section
from components.measures import Interval
from components.ranking import Ensemble, ExternalRanker
from components.releases import Bundle, open_registry
from components.releases.aliases import aliased_bundles, bundles_to_serve, champions, trained_bundles
from components.training_sets import RankingDataset
from components.training_sets.plan import Study
from feature_repo.texts import TextVectors
from metier.contract import TABLES
from metier.errors import RegistryError
from metier.lake import Lake
from metier.settings import Settings
from metier.stored import from_json

AS_OF = datetime(2026, 1, 31, tzinfo=UTC)


def interval(value: float) -> Interval:
    seen = 0 if np.isnan(value) else 200
    return Interval(value, value - 0.01, value + 0.01, seen, seen // 2)


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    return filled(Settings(home=tmp_path_factory.mktemp("home")))


def filled(settings: Settings) -> Settings:
    """A home with one client in its lake and the vectors of two texts."""
    row = {"client_id": "c", "status": "active", "event_timestamp": AS_OF, "recorded_at": AS_OF}
    Lake(settings.lake).append("clients", pa.Table.from_pylist([row], schema=TABLES["clients"].schema))
    TextVectors.build(["a", "b"], ["cook", "nurse"], np.eye(2, 384, dtype=np.float32)).write(
        settings.features / "vectors"
    )
    return settings


@pytest.fixture
def registered(settings, tmp_path):
    """Register an ensemble of one score column whose evidence is `difference`; (verdict, alias, version)."""

    def run(column: str, difference: float, champion: str | None, surface="job_feed", home=settings):
        rows = np.arange(40, dtype=np.float32).reshape(20, 2)
        dataset = RankingDataset(rows, np.arange(20) % 2, np.repeat(np.arange(2), 10), ("price", "rating"))
        ensemble = Ensemble.fit([ExternalRanker(score_column=column).fit(dataset)], dataset)
        ensemble.save(tmp_path / "ensemble")
        measured = (Measured("ensemble", "ndcg@10", interval(0.5 + 0 * difference)),)
        section = Section("Observed", "", measured, (), ())
        evidence = (Evidence("randomised", "ndcg@10", interval(difference)),)
        report = EvaluationReport(surface, (section,), {})
        evaluation = StudyEvaluation(
            Study(surface, "logged_slates", champion=champion or ""), report, evidence, champion
        )
        assert evaluation.headline() == ({} if np.isnan(difference) else {"ndcg_at_10": 0.5})
        evaluation.write(tmp_path / "evaluation")
        (found,) = register([(tmp_path / "evaluation", tmp_path / "ensemble")], home, AS_OF, "inputs")
        return found

    return run


def aliases(registry) -> dict:
    return {each.alias: each.bundle for each in aliased_bundles(registry)}


def test_promotion_hold_and_refusal_in_turn(registered, settings):
    registry = open_registry(settings)
    assert aliased_bundles(registry) == []
    assert bundles_to_serve(registry) == {}

    first = registered("price", 0.05, None)
    assert (first.verdict, first.alias) == ("promote", "champion")
    champion = champions(registry)["job_feed"]
    assert champion == f"metier_job_feed {first.bundle.version} {first.bundle.sha256}"

    held = registered("rating", 0.0, champion)
    assert (held.verdict, held.alias) == ("hold", "challenger")
    assert {each.alias: each.bundle for each in aliased_bundles(registry)} == {
        "champion": first.bundle,
        "challenger": held.bundle,
    }

    refused = registered("rating", -0.05, champion)
    assert (refused.verdict, refused.alias) == ("refuse", "without an alias")
    assert {each.alias: each.bundle for each in aliased_bundles(registry)} == {
        "champion": first.bundle,
        "challenger": held.bundle,
    }
    assert bundles_to_serve(registry)["job_feed"].bundle == first.bundle

    pin = refused.bundle
    spent = from_json(Looks, registry.noted(first.bundle.name, first.bundle.version, "looks"))
    assert (spent.champion, spent.spent) == (champion, 1)  # the second one was not due, and a loss needs none
    assert from_json(Looks, registry.noted(first.bundle.name, None, "looks")).spent == 1
    assert registry.promotion(first.bundle.name, first.bundle.version).by == "the gate"

    record = Bundle.load(registry.fetch(pin.name, pin.version, pin.sha256), pin.sha256).decision
    assert record["verdict"] == "refuse"
    assert record["estimand"] == "randomised"
    assert record["lineage"]["compared_with"] == champion


def test_a_champion_that_is_gone_is_an_error_and_no_first_run(registered, tmp_path_factory):
    from mlflow import MlflowClient

    gone = filled(Settings(home=tmp_path_factory.mktemp("gone")))
    registry = open_registry(gone)
    bundle = registered("price", 0.05, None, home=gone).bundle
    assert champions(registry)["job_feed"].startswith(f"{bundle.name} {bundle.version} ")
    registered("rating", 0.0, champions(registry)["job_feed"], home=gone)
    client = MlflowClient(gone.registry, gone.registry)
    client.delete_model_version(bundle.name, str(bundle.version))
    for ask in (champions, bundles_to_serve):
        with pytest.raises(RegistryError, match=r"the champion of metier_job_feed, version 1, is gone .*`mlflow ui"):
            ask(registry)
    # The two moves that the error names: another champion, or none from now on.
    client.set_registered_model_alias(bundle.name, "champion", "2")
    assert champions(registry)["job_feed"].startswith(f"{bundle.name} 2 ")
    client.delete_registered_model_alias(bundle.name, "champion")
    client.delete_registered_model_tag(bundle.name, "champion_version")
    assert champions(registry) == {}
    assert bundles_to_serve(registry) == {}
    assert trained_bundles(registry)["job_feed"].alias == "challenger"


def test_a_surface_without_a_positive_is_held_and_the_others_keep_their_bundles(registered):
    undefined = registered("price", np.nan, None)
    assert (undefined.verdict, undefined.alias) == ("hold", "challenger")
    assert registered("rating", 0.05, None, surface="talent_search").alias == "champion"
