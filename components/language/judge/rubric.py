"""The rubric: what is looked at, what each criterion is worth, and how findings become a grade. Knows no candidate."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

N_GRADES = 5
Name = Literal["limits", "skills", "wishes", "trade", "level", "pay", "place", "language", "domain", "hours", "text"]


@dataclass(frozen=True)
class Criterion:
    """One thing that is looked at where it was asked for: `points` at most, and what earns them."""

    name: Name
    points: float
    meaning: str


CRITERIA = (
    Criterion("limits", 0, "A limit or a level that the text states is not broken; else the grade is 0."),
    Criterion(
        "skills", 6, "The share of the skills asked for that are shown; one that is close to another counts half."
    ),
    Criterion("wishes", 1, "The share of the skills that would be nice to have, counted as skills are."),
    Criterion("trade", 2, "The same category of work."),
    Criterion("level", 2, "The level asked for is full, one level apart is half, two apart is nothing."),
    Criterion("pay", 2, "Pay within what is offered or wanted is full, up to a quarter beyond is half, more nothing."),
    Criterion("place", 1, "The same city is full, the same country three quarters, elsewhere nothing."),
    Criterion("language", 1, "A language of the asker's side is spoken."),
    Criterion("domain", 1, "The share of the industries named that are shown."),
    Criterion("hours", 1, "As many hours a week as are asked for, and listed as available."),
    Criterion("text", 1, "The share of the other words of the text that are shown."),
)
"""What is not known earns half."""
ALWAYS: tuple[Name, ...] = ("skills", "trade", "level", "pay", "place", "language")
"""Criteria that count also where nothing was asked, as not known: who asks for little says little about who fits."""
GRADES = (0.4, 0.6, 0.8, 0.95)
"""The least share of the points for grades 1, 2, 3 and 4."""
UNKNOWN = 0.5
WITHOUT_SKILLS = 1
"""The highest grade where skills are asked for and none is shown, nor one close to it."""
_POINTS = {criterion.name: criterion.points for criterion in CRITERIA}


@dataclass(frozen=True)
class Finding:
    """What one criterion found: the share of its points, None where it is not known, and why."""

    criterion: Name
    share: float | None
    reason: str


def grade_of(findings: Sequence[Finding]) -> int | None:
    """The grade 0 to 4 of what was found; None where nothing was asked that could be looked at.

    Skills fully shown, a level two apart, 6 points not known: (6 * 1 + 2 * 0 + 6 * .5) / 14 = .64.

    >>> grade_of([Finding("skills", 1.0, ""), Finding("level", 0.0, "")])
    2
    >>> grade_of([Finding("skills", 1.0, ""), Finding("limits", 0.0, "")])
    0
    """
    if any(finding.criterion == "limits" and finding.share == 0 for finding in findings):
        return 0
    if not findings:
        return None
    shares = dict.fromkeys(ALWAYS, UNKNOWN) | {f.criterion: UNKNOWN if f.share is None else f.share for f in findings}
    share = sum(_POINTS[name] * earned for name, earned in shares.items()) / sum(_POINTS[name] for name in shares)
    grade = sum(share >= least - 1e-9 for least in GRADES)
    lacks_skills = any(finding.criterion == "skills" and finding.share == 0 for finding in findings)
    return min(grade, WITHOUT_SKILLS) if lacks_skills else grade


def rubric_digest() -> str:
    """SHA-256 of the rubric: an agreement holds for the rubric that it was measured with."""
    return hashlib.sha256(repr((CRITERIA, ALWAYS, GRADES, UNKNOWN, WITHOUT_SKILLS)).encode()).hexdigest()
