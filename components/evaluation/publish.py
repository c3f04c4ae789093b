"""One report per surface from its studies, with the gate's decision; written for people and programs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from components.evaluation.decision.kept import spent_looks
from components.evaluation.decision.looks import Looks
from components.evaluation.evaluate import StudyEvaluation
from components.evaluation.gate import Decision, decide
from components.evaluation.report import EvaluationReport, write_report
from components.evaluation.report.history import file_report
from components.releases import Registry
from metier.contract import Surface


@dataclass(frozen=True)
class Published:
    """Where each surface's report is, and what the gate said."""

    pages: tuple[Path, ...]
    decisions: dict[str, Decision]

    @property
    def verdicts(self) -> str:
        """One line per surface."""
        return "; ".join(
            f"{surface}: {decision.verdict} ({decision.estimand or 'no estimand'})"
            for surface, decision in self.decisions.items()
        )

    def render(self) -> str:
        """One line for a person."""
        return self.verdicts + " | " + " ".join(str(page) for page in self.pages)


def publish(parts: Sequence[Path], reports: Path, artifact: Path, now: datetime, registry: Registry) -> Published:
    """Merge the parts of each surface in their order and decide by the first; write to `artifact`, keep in `reports`.

    `now`: when the reports are written, which is what their history is ordered by. `registry` knows what looks before
    this one have spent; nothing is spent here.
    """
    pages: list[Path] = []
    decisions: dict[str, Decision] = {}
    evaluations = [StudyEvaluation.read(part) for part in parts]
    for report in merged(evaluations, looks_before(evaluations, registry)):
        pages.append(file_report(report, reports / report.surface, now))
        write_report(report, artifact / report.surface)
        if report.decision:
            decisions[report.surface] = report.decision
    return Published(tuple(pages), decisions)


def looks_before(evaluations: Sequence[StudyEvaluation], registry: Registry) -> dict[Surface, Looks]:
    """What was spent against the champion that each surface's studies compare with."""
    champions = {evaluation.study.surface: evaluation.study.champion for evaluation in evaluations}
    return {surface: spent_looks(registry, surface, champion) for surface, champion in champions.items()}


def merged(evaluations: Sequence[StudyEvaluation], looks: Mapping[Surface, Looks]) -> list[EvaluationReport]:
    """One report a surface, its studies in their order, decided by the first after `looks` at its champion."""
    surfaces = dict.fromkeys(evaluation.study.surface for evaluation in evaluations)
    return [
        _merge([part for part in evaluations if part.study.surface == surface], looks.get(surface))
        for surface in surfaces
    ]


def _merge(evaluations: Sequence[StudyEvaluation], looks: Looks | None) -> EvaluationReport:
    """Sections of all studies; the first study is the candidate for promotion, so its evidence decides."""
    first = evaluations[0]
    facts: dict[str, Any] = {}
    for part in evaluations:
        facts |= part.report.facts
    lineage = {"study": first.study.name, "compared_with": first.champion or _baseline(first)}
    decision = decide(
        first.evidence,
        first.guardrails,
        untold=first.untold,
        first_champion=first.champion is None,
        looks=looks,
        lineage=lineage,
    )
    sections = tuple(section for part in evaluations for section in part.report.sections)
    warnings = tuple(dict.fromkeys(warning for part in evaluations for warning in part.report.warnings))
    return EvaluationReport(first.study.surface, sections, facts, decision, warnings)


def _baseline(evaluation: StudyEvaluation) -> str:
    against = next((evidence.against for evidence in evaluation.evidence if evidence.against), "the baseline")
    return f"{against}: there is no champion yet"
