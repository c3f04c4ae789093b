"""Register what was evaluated: one bundle a surface, its decision stored inside, aliases moved as the gate decided.

Knows the registry's aliases; measures nothing and decides nothing.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from components.evaluation.decision.kept import keep_looks
from components.evaluation.evaluate import StudyEvaluation
from components.evaluation.gate import Verdict
from components.evaluation.publish import looks_before, merged
from components.evaluation.report import EvaluationReport
from components.evaluation.report.history import note_bundle
from components.ranking import Ensemble
from components.releases import Bundle, RegisteredBundle, open_registry
from components.releases.bundle import Origin
from components.releases.promotions import GATE
from components.training_sets.reading import trained_taxonomy
from feature_repo.build.feature_tables import read_vectors
from feature_repo.texts import Encoder
from feature_repo.views import feature_service
from metier.code import code_digest
from metier.contract import Surface, surface
from metier.lake import Lake
from metier.settings import Settings
from metier.stored import as_plain


@dataclass(frozen=True)
class Registration:
    """A registered bundle and what became of it."""

    surface: Surface
    bundle: RegisteredBundle
    verdict: Verdict
    alias: str

    def render(self) -> str:
        """One line for a person."""
        return f"{self.bundle.name} version {self.bundle.version}: {self.verdict}, now {self.alias}"


def register(
    evaluated: Sequence[tuple[Path, Path]], settings: Settings, as_of: datetime, inputs_digest: str
) -> list[Registration]:
    """Register the first study's ensemble of each surface; `evaluated` holds (evaluation, ensemble) folders.

    The champion moves where the gate promotes; a bundle that it refuses stays registered without an alias. What the
    look at the evidence spends is kept in the registry.
    """
    parts = [(StudyEvaluation.read(evaluation), ensemble) for evaluation, ensemble in evaluated]
    registrations = []
    evaluations = [evaluation for evaluation, _ in parts]
    for report in merged(evaluations, looks_before(evaluations, open_registry(settings))):
        first, ensemble = next(part for part in parts if part[0].study.surface == report.surface)
        origin = _origin(first, settings, as_of, inputs_digest)
        registered = _register(origin, ensemble, report, first.headline(), settings)
        note_bundle(report, settings.reports / report.surface, f"{registered.bundle.name} {registered.bundle.version}")
        registrations.append(registered)
    return registrations


def _origin(first: StudyEvaluation, settings: Settings, as_of: datetime, inputs_digest: str) -> Origin:
    study = first.study
    return Origin(
        surface=study.surface,
        feature_service=feature_service(study.surface),
        candidate_counts=study.candidate_counts,
        as_of=as_of,
        lake_digest=Lake(settings.lake).digest(),
        inputs_digest=inputs_digest,
        code_digest=code_digest(),
        lineage={"study": study.name, "fit": first.fit.render(), "compared_with": first.champion or "baseline"},
    )


def _register(
    origin: Origin, ensemble: Path, report: EvaluationReport, headline: Mapping[str, float], settings: Settings
) -> Registration:
    registry = open_registry(settings)
    settings.bundles.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".register-", dir=settings.bundles) as temporary:
        bundle = _bundle(Path(temporary) / "bundle", origin, ensemble, report, settings)
        registered = registry.register(bundle.folder, headline)
    if report.decision:
        keep_looks(registry, surface(origin.surface), report.decision.looks)
    verdict: Verdict = report.decision.verdict if report.decision else "hold"
    if verdict != "refuse":
        registry.set_alias(registered.name, "challenger", registered.version)
    if report.decision and verdict == "promote":
        registry.promote(registered.name, registered.version, GATE, report.decision.reasons[-1])
    alias = {"promote": "champion", "hold": "challenger", "refuse": "without an alias"}[verdict]
    return Registration(surface(origin.surface), registered, verdict, alias)


def _bundle(folder: Path, origin: Origin, ensemble: Path, report: EvaluationReport, settings: Settings) -> Bundle:
    vectors = read_vectors(settings)
    return Bundle.write(
        folder,
        origin=origin,
        ensemble=Ensemble.load(ensemble, settings.ranker_classes),
        encoder=Encoder.load(),
        text_weights=vectors.weights,
        evaluation=as_plain(_figures(report)),
        decision=as_plain(report.decision) if report.decision else {"verdict": "hold"},
        taxonomy=trained_taxonomy(settings, origin.as_of),
    )


def _figures(report: EvaluationReport) -> EvaluationReport:
    """The report without its tables, which may show people: a bundle never changes, not even to forget them."""
    return replace(report, sections=tuple(replace(section, tables=(), charts=()) for section in report.sections))
