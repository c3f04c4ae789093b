"""One report per surface from its studies, with the gate's decision; written for people and programs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.evaluation.gate import Decision, decide
from components.evaluation.report import JSON_FILE, EvaluationReport, read_report, write_report
from components.evaluation.studies import StudyEvaluation


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


def publish(parts: Sequence[Path], reports: Path, artifact: Path) -> Published:
    """Merge the parts of each surface in their order, decide by the first, write under `reports` and `artifact`."""
    evaluations = [StudyEvaluation.read(part) for part in parts]
    pages: list[Path] = []
    decisions: dict[str, Decision] = {}
    for surface in dict.fromkeys(each.study.surface for each in evaluations):
        merged = _merge([each for each in evaluations if each.study.surface == surface])
        pages.append(write_report(merged, reports / surface))
        write_report(merged, artifact / surface)
        if merged.decision:
            decisions[surface] = merged.decision
    return Published(tuple(pages), decisions)


def read_reports(reports: Path) -> list[EvaluationReport]:
    """The newest report of every surface, by name."""
    return [read_report(path.parent) for path in sorted(reports.glob(f"*/{JSON_FILE}"))]


def as_json(found: Sequence[EvaluationReport]) -> str:
    """Reports as one JSON list."""
    plain: list[dict[str, Any]] = [each.as_dict() for each in found]
    return json.dumps(plain)


def _merge(evaluations: Sequence[StudyEvaluation]) -> EvaluationReport:
    """Sections of all studies; the first study is the candidate for promotion, so its evidence decides."""
    first = evaluations[0]
    facts: dict[str, Any] = {}
    for each in evaluations:
        facts |= each.report.facts
    decision = decide(first.evidence, first_champion=True, lineage={"study": first.study.name})
    sections = tuple(section for each in evaluations for section in each.report.sections)
    warnings = tuple(warning for each in evaluations for warning in each.report.warnings)
    return EvaluationReport(first.study.surface, sections, facts, decision, warnings)
