"""Evaluate one study by its protocol. Composes measurements; knows no pipeline and makes no decision."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from components.evaluation import logged_slates, organic
from components.evaluation.champion import CHAMPION, Champion, read_champion
from components.evaluation.decision.guardrails import Guardrail, Untold
from components.evaluation.decision.marketplace import marketplace_guardrails
from components.evaluation.decision.of_challenger import challenger_guardrails
from components.evaluation.example import example_table
from components.evaluation.gate import Evidence
from components.evaluation.judged.section import judged_section
from components.evaluation.reliability import reliability_of, reliability_table
from components.evaluation.report import EvaluationReport, read_report, write_report
from components.evaluation.report.document import Chart, Curve, FigureTable, Section
from components.evaluation.retrieved import IndexedCandidates
from components.evaluation.sections.beside import beside_table
from components.evaluation.sections.explained import explained_section
from components.evaluation.sections.exposed import exposed_section
from components.evaluation.sections.marks import marks_of
from components.evaluation.sections.off_policy import off_policy_section
from components.evaluation.sections.sliced import sliced_section
from components.measures.examination import Examination
from components.measures.reliability import Reliability
from components.ranking import Ensemble, Ranker
from components.ranking.positions.choice import PLAIN, FitChoice
from components.training_sets import TracedDataset
from components.training_sets.assemble import ranked_pairs, typed_queries
from components.training_sets.dataset.examined import Examined, examined
from components.training_sets.plan import Study
from components.training_sets.pseudo_queries import candidate_pool
from components.training_sets.unknown import unknown_candidates
from feature_repo.build.feature_tables import read_vectors
from feature_repo.client import FeatureStoreClient
from feature_repo.hydrate import query_features
from feature_repo.texts import Encoder
from metier.durable import write_whole
from metier.lake import Lake
from metier.settings import Settings
from metier.stored import as_json, from_json, from_plain
from metier.surfaces import surface_spec

EVIDENCE_FILE = "evidence.json"


@dataclass(frozen=True)
class StudyEvidence:
    """What the gate reads of a study, as it is stored beside the report."""

    study: Study
    champion: str | None
    evidence: tuple[Evidence, ...]
    examination: Examination | None = None
    guardrails: tuple[Guardrail, ...] = ()
    untold: tuple[Untold, ...] = ()
    reliability: tuple[Reliability, ...] = ()
    fit: FitChoice = PLAIN


@dataclass(frozen=True)
class StudyEvaluation:
    """One study's report part and the evidence that the gate reads."""

    study: Study
    report: EvaluationReport
    evidence: tuple[Evidence, ...]
    champion: str | None = None
    """Label of the champion that the evidence compares with; None where it compares with a baseline."""
    examination: Examination | None = None
    """What was looked at on the logged slates; None where nobody can tell, and for other protocols."""
    guardrails: tuple[Guardrail, ...] = ()
    untold: tuple[Untold, ...] = ()
    """Guardrails that this run could not tell."""
    reliability: tuple[Reliability, ...] = ()
    """How the ensemble's probabilities came true; empty where its score only orders."""
    fit: FitChoice = PLAIN
    """How its rankers were fitted, and what spoke for it."""

    def write(self, folder: Path) -> None:
        """Write the report part and the evidence."""
        write_report(self.report, folder)
        write_whole(folder / EVIDENCE_FILE, as_json(self._stored))

    @classmethod
    def read(cls, folder: Path) -> "StudyEvaluation":
        """What `write` left."""
        stored = from_json(StudyEvidence, (folder / EVIDENCE_FILE).read_bytes())
        told = {field.name: getattr(stored, field.name) for field in fields(stored)}
        return cls(report=read_report(folder), **told)

    @property
    def _stored(self) -> StudyEvidence:
        return StudyEvidence(**{field.name: getattr(self, field.name) for field in fields(StudyEvidence)})

    def headline(self) -> dict[str, float]:
        """The ensemble's figures in the first section, by metric, without those that are undefined."""
        return {
            row.metric.replace("@", "_at_"): row.interval.value
            for row in self.report.sections[0].measured
            if row.ranker == "ensemble" and math.isfinite(row.interval.value)
        }


@dataclass(frozen=True)
class _Subject:
    """What is evaluated, with what: the same for every protocol."""

    study: Study
    fit: FitChoice
    ensemble: Ensemble
    champion: Champion | None
    candidates: IndexedCandidates
    store: FeatureStoreClient
    settings: Settings
    as_of: datetime
    progress: organic.Progress

    @property
    def rankers(self) -> dict[str, Ranker | Ensemble]:
        """Single rankers and their ensemble."""
        return {**self.ensemble.rankers, "ensemble": self.ensemble}

    @property
    def facts(self) -> dict[str, Any]:
        """What every report says first."""
        weights = ", ".join(f"{name} {weight:.2f}" for name, weight in self.ensemble.weights.items())
        facts = {"as of": self.as_of.isoformat(), f"blend ({self.study.name})": weights}
        facts[f"fit ({self.study.name})"] = self.fit.render()
        if self.champion:
            facts["champion"] = self.champion.label + ("" if self.champion.vectors is None else ", by its own features")
        return facts

    def evaluation(self, report: EvaluationReport, evidence: Sequence[Evidence]) -> StudyEvaluation:
        """The finished evaluation, with how the marketplace fared."""
        label = self.champion.label if self.champion else None
        kept, untold = marketplace_guardrails(Lake(self.settings.lake), self.study.surface, self.as_of)
        told = StudyEvaluation(self.study, report, tuple(evidence), label, guardrails=kept, untold=untold)
        return replace(told, fit=self.fit)


def evaluate(
    study: Study, held_out: Path, ensemble: Ensemble, settings: Settings, as_of: datetime, progress: organic.Progress
) -> StudyEvaluation:
    """Measure `ensemble` on the held-out set of `study`, beside its rankers, baselines and the champion.

    `progress` receives a line now and then.
    """
    lake, encoder = Lake(settings.lake), Encoder.load()
    vectors = read_vectors(settings)
    subject = _Subject(
        study=study,
        fit=FitChoice.read(held_out),
        ensemble=ensemble,
        champion=read_champion(study, ensemble, vectors, encoder.hash, settings, as_of),
        candidates=IndexedCandidates(lake, study.surface, as_of, vectors, encoder),
        store=FeatureStoreClient(settings),
        settings=settings,
        as_of=as_of,
        progress=progress,
    )
    if study.protocol == "logged_slates":
        return _logged(subject, TracedDataset.read(held_out), lake)
    return _organic(subject, held_out, lake)


def _organic(subject: _Subject, held_out: Path, lake: Lake) -> StudyEvaluation:
    study, candidates = subject.study, subject.candidates
    since = organic.there_since(candidates.ids, candidate_pool(lake, study.surface, subject.as_of))
    catalogue = organic.Catalogue(candidates.ids, candidates.cards(), since)
    sources = organic.Sources(subject.store, candidates.vectors, candidates.for_everything, subject.progress)
    ranked = organic.score_everything(study, held_out, catalogue, subject.rankers, sources, subject.champion)
    pools = (True, False) if study.protocol == "leave_last_out" else (False,)
    sections = tuple(organic.section(study, ranked, _title(study, pool), _note(study), pool) for pool in pools)
    against = CHAMPION if subject.champion else organic.strongest_baseline(sections[0])
    evidence = [
        Evidence("leave_last_out", row.metric, row.interval, against=row.against)
        for row in sections[0].compared
        if row.against == against and row.metric == "hr@10"
    ]
    warnings = unknown_candidates(lake, study.surface, subject.as_of)
    facts = subject.facts | {f"{part} queries": drawn for part, drawn in organic.samples(held_out).items()}
    report = EvaluationReport(study.surface, sections, facts, warnings=warnings)
    return subject.evaluation(report, evidence)


def _logged(subject: _Subject, held_out: TracedDataset, lake: Lake) -> StudyEvaluation:
    study, candidates = subject.study, subject.candidates
    typed = typed_queries(held_out.rows, lake, subject.as_of)
    queries = query_features(study.surface, typed, subject.store.training_features)
    retrieval = None
    if surface_spec(study.surface).retrieves:
        retrieval = candidates.for_slates(study.surface, held_out, queries)
    metadata = held_out.metadata
    seen = from_plain(Examined, metadata["examined"]) if "examined" in metadata else examined(held_out)
    champion = None
    if subject.champion:
        pairs = ranked_pairs(study.surface, held_out.rows, lake, subject.as_of)
        champion = subject.champion.scores(held_out.dataset.features, typed, pairs, subject.store)
    slates = logged_slates.scored_slates(held_out, subject.rankers, retrieval, seen.examination, champion)
    facts = subject.facts | {
        "heads that grade relevance": ", ".join(metadata["graded_heads"]),
        "gap between parts, days": metadata["gap_days"],
        "immature rows": metadata["immature_rows"],
        "rows with features as served": metadata["rows_as_served"],
        "promoted rows, left out": metadata["promoted_rows"],
        "test starts": metadata["test_start"],
    }
    sections = logged_slates.sections(slates, subject.settings.truth)
    first, *others = sections
    titles = dict(zip(candidates.ids, candidates.rows["title"].to_pylist(), strict=True))
    example = example_table(slates, subject.ensemble, queries, titles)
    came_true = reliability_of(subject.ensemble, held_out)
    beside = beside_table(sections, logged_slates.METRIC)
    figures = (reliability_table(came_true, subject.ensemble),) if came_true else ()
    told = [table for table in (beside, example) if table]
    tables = (*first.tables, *told, *figures, _labels(metadata, study))
    labelled = replace(first, tables=tables, charts=(*first.charts, _delays(metadata)))
    judged = judged_section(slates, study.surface, subject.settings, subject.as_of)
    parts = (labelled, *others, *_further(subject, slates, lake), *((judged,) if judged else ()))
    unseen = (f"logged slates are no evidence: {seen.refused}",) if seen.refused else ()
    report = EvaluationReport(study.surface, parts, facts, None, (*metadata["warnings"], *unseen))
    evaluation = subject.evaluation(report, logged_slates.evidence(slates))
    kept, untold = challenger_guardrails(slates, came_true)
    return replace(
        evaluation,
        examination=seen.examination,
        reliability=came_true,
        guardrails=(*kept, *evaluation.guardrails),
        untold=(*untold, *evaluation.untold),
    )


def _further(subject: _Subject, slates: logged_slates.ScoredSlates, lake: Lake) -> tuple[Section, ...]:
    """What stands beside the figures: slices, off-policy estimates, who is seen, and how far reasons agree."""
    marks = marks_of(slates, subject.study.surface, lake, subject.as_of)
    kind, values, queries = logged_slates.best_known(slates, subject.settings.truth)
    labels = {slicing: label[queries] for slicing, label in marks.labels.items()}
    return (
        sliced_section(kind, logged_slates.METRIC, values, labels, slates.baseline),
        off_policy_section(slates),
        exposed_section(slates, marks.new),
        explained_section(slates, subject.ensemble),
    )


def _labels(metadata: dict[str, Any], study: Study) -> FigureTable:
    """Positives, immature share and the delay curve of each head."""
    report = metadata["labels"]["surfaces"][study.surface]
    return FigureTable("Labels", ("fact", "value"), tuple(_flat(report)))


def _delays(metadata: dict[str, Any]) -> Chart:
    """The delay curve of each kind: share of its outcomes by days since the impression."""
    curves = []
    for kind, delays in metadata["labels"]["delay_days"].items():
        points = [
            (days, int(name[1:]) / 100) for name, days in delays.items() if name[1:].isdigit() and days is not None
        ]
        curves.append(Curve(kind, tuple(days for days, _ in points), tuple(share for _, share in points)))
    return Chart("Delay of outcomes", "days since the impression", "share of outcomes", tuple(curves))


def _flat(nested: dict[str, Any], prefix: str = "") -> Sequence[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for name, value in nested.items():
        label = f"{prefix}{name.replace('_', ' ')}"
        if isinstance(value, dict):
            rows += _flat(value, f"{label}: ")
        else:
            rows.append((label, ", ".join(map(str, value)) if isinstance(value, list) else value))
    return rows


def _title(study: Study, protocol_pool: bool) -> str:
    pool = "candidates of actors with two or more" if protocol_pool else "every candidate in the lake"
    counts = " · WITH candidate counts" if study.candidate_counts else ""
    return f"{study.protocol.replace('_', ' ').capitalize()}, {pool}{counts}"


def _note(study: Study) -> str:
    how = {
        "leave_last_out": "Each actor's last candidate is held out; what it had touched is not ranked again.",
        "time_split": "Trained before a moment; leave-last-out on actors active after it.",
    }[study.protocol]
    marked = " Candidate counts are features here: where posting dates are absent they give targets away."
    return how + (marked if study.candidate_counts else " No candidate counts among the features.")
