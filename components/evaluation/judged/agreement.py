"""How far a judge agrees with known grades on a surface, in all and by kind of query, and what that allows.

A judge may inform a report of evaluation where the low end of its weighted kappa is as high as was declared. It is
never evidence: the gate has no way to it. Reads no lake and no truth.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from components.language.judge import N_GRADES, rubric_digest
from components.measures import Interval
from components.measures.agreement import grade_precision, kappa
from metier.contract import Surface
from metier.stored import Moment

Known = Literal["people", "truth"]
"""Whose grades a judge is held against: people's own, or the truth of a simulated world."""


@dataclass(frozen=True)
class GradedPair:
    """A pair that the judge graded and whose grade is known; `slices`: its query's label by kind of slice."""

    query_id: str
    judged: int
    known: int
    slices: Mapping[str, str]


@dataclass(frozen=True)
class Agreed:
    """Agreement on some pairs; intervals resample queries. `precision`: by least grade, of pairs judged so high."""

    label: str
    pairs: int
    kappa: Interval
    weighted_kappa: Interval
    precision: Mapping[int, Interval]
    known_share: Mapping[int, float]
    """Share of all pairs that truly are of the least grade: the precision of guessing."""


@dataclass(frozen=True)
class SurfaceAgreement:
    """Agreement on a surface and on its slices; `unjudged` pairs have no grade of the judge."""

    surface: Surface
    known: Known
    unjudged: int
    whole: Agreed
    slices: tuple[Agreed, ...]


@dataclass(frozen=True)
class Agreement:
    """An audit of one judge with one rubric."""

    judge: str
    rubric: str
    as_of: Moment
    surfaces: tuple[SurfaceAgreement, ...]

    def may_inform(self, surface: Surface, judge: str, least_kappa: float) -> bool:
        """Whether this judge, with the rubric of today, agrees on the surface as far as was declared."""
        whole = self.on(surface)
        is_same = self.judge == judge and self.rubric == rubric_digest()
        return is_same and whole is not None and whole.weighted_kappa.low >= least_kappa

    def on(self, surface: Surface) -> Agreed | None:
        """The agreement on a surface; None where it was not measured."""
        return next((each.whole for each in self.surfaces if each.surface == surface), None)

    def render(self) -> str:
        """A line a slice."""
        lines = [f"judge {self.judge}, as of {self.as_of.isoformat()}"]
        for surface in self.surfaces:
            lines.append(f"{surface.surface}, held against {surface.known}, {surface.unjudged:,} pairs not judged")
            lines += [_line(agreed) for agreed in (surface.whole, *surface.slices)]
        return "\n".join(lines)


def agreement_on(surface: Surface, known: Known, pairs: Sequence[GradedPair], unjudged: int) -> SurfaceAgreement:
    """Agreement over all pairs and over each label of each slice."""
    labels = sorted({(kind, label) for pair in pairs for kind, label in pair.slices.items()})
    slices = [
        _agreed(f"{kind}: {label}", [pair for pair in pairs if pair.slices.get(kind) == label])
        for kind, label in labels
    ]
    return SurfaceAgreement(surface, known, unjudged, _agreed("all", pairs), tuple(slices))


def _agreed(label: str, pairs: Sequence[GradedPair]) -> Agreed:
    judged, known = np.array([pair.judged for pair in pairs]), np.array([pair.known for pair in pairs])
    queries = np.array([pair.query_id for pair in pairs])
    grades = range(1, N_GRADES)
    return Agreed(
        label,
        len(pairs),
        kappa(judged, known, queries, n_grades=N_GRADES),
        kappa(judged, known, queries, n_grades=N_GRADES, weights="quadratic"),
        {g: grade_precision(judged, known, queries, n_grades=N_GRADES, at_least=g) for g in grades},
        {g: float((known >= g).mean()) for g in grades},
    )


def _line(agreed: Agreed) -> str:
    shown = [("kappa", agreed.kappa), ("weighted", agreed.weighted_kappa)]
    shown += [
        (f"precision of {grade}+ (guess {agreed.known_share[grade]:.3f})", agreed.precision[grade]) for grade in (2, 3)
    ]
    figures = ", ".join(f"{name} {each.value:.3f} [{each.low:.3f}, {each.high:.3f}]" for name, each in shown)
    return f"  {agreed.label} ({agreed.pairs:,} pairs): {figures}"
