"""The evaluation report: one document for programs, people and terminals."""

from components.evaluation.report.document import EvaluationReport
from components.evaluation.report.summary import summary
from components.evaluation.report.write import read_report, write_report

__all__ = ["EvaluationReport", "read_report", "summary", "write_report"]
