"""Whether a candidate is what was asked for, by a written rubric: a grade of 0 to 4 with a reason for each criterion.

Reads what was asked and what the candidate shows; no ranker's score, no outcome, no simulator's truth.
"""

from components.language.judge.facts import FactsReader
from components.language.judge.model_judge import ModelJudge
from components.language.judge.pairs import Asking, Candidate, Judge, Judgement
from components.language.judge.rubric import CRITERIA, N_GRADES, Finding, grade_of, rubric_digest
from components.language.judge.rule_judge import RuleJudge

__all__ = [
    "CRITERIA",
    "N_GRADES",
    "Asking",
    "Candidate",
    "FactsReader",
    "Finding",
    "Judge",
    "Judgement",
    "ModelJudge",
    "RuleJudge",
    "grade_of",
    "rubric_digest",
]
