"""One report per surface from its studies, with the gate's decision; written for people and programs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from components.evaluation.evaluate import StudyEvaluation
from components.evaluation.gate import Decision, decide
from components.evaluation.report import EvaluationReport, write_report
from components.evaluation.report.history import file_report


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


def publish(parts: Sequence[Path], reports: Path, artifact: Path, now: datetime) -> Published:
    """Merge the parts of each surface in their order and decide by the first; write to `artifact`, keep in `reports`.

    `now`: when the reports are written, which is what their history is ordered by.
    """
    pages: list[Path] = []
    decisions: dict[str, Decision] = {}
    for report in merged([StudyEvaluation.read(part) for part in parts]):
        pages.append(file_report(report, reports / report.surface, now))
        write_report(report, artifact / report.surface)
        if report.decision:
            decisions[report.surface] = report.decision
    return Published(tuple(pages), decisions)


def merged(evaluations: Sequence[StudyEvaluation]) -> list[EvaluationReport]:
    """One report a surface, its studies in their order, decided by the first."""
    surfaces = dict.fromkeys(evaluation.study.surface for evaluation in evaluations)
    return [_merge([part for part in evaluations if part.study.surface == surface]) for surface in surfaces]


def _merge(evaluations: Sequence[StudyEvaluation]) -> EvaluationReport:
    """Sections of all studies; the first study is the candidate for promotion, so its evidence decides."""
    first = evaluations[0]
    facts: dict[str, Any] = {}
    for part in evaluations:
        facts |= part.report.facts
    lineage = {"study": first.study.name, "compared_with": first.champion or _baseline(first)}
    decision = decide(first.evidence, first_champion=first.champion is None, lineage=lineage)
    sections = tuple(section for part in evaluations for section in part.report.sections)
    warnings = tuple(dict.fromkeys(warning for part in evaluations for warning in part.report.warnings))
    return EvaluationReport(first.study.surface, sections, facts, decision, warnings)


def _baseline(evaluation: StudyEvaluation) -> str:
    against = next((evidence.against for evidence in evaluation.evidence if evidence.against), "the baseline")
    return f"{against}: there is no champion yet"
