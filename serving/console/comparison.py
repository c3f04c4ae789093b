"""Two slates of one request side by side: where each candidate moved, and what is behind its position.

Knows no page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from components.language.reasons import in_words
from components.ranking.explanations import contributions
from metier.contract import Surface
from metier.errors import UnknownNameError
from serving.console.cards import Card, cards_of
from serving.console.others import OtherBundles
from serving.engine import Engine
from serving.request.ladder import LADDER
from serving.request.ranking import RankingRequest, Slate, SlateEntry
from serving.request.reasons import READ_FEATURES, reasons_of
from serving.request.trace import RequestTrace
from serving.stages import Stages

DEEPEST = 100
"""Ranks within which a candidate is looked for on the other side."""
BEHIND = 12
"""Topics that are shown behind a position."""
PATIENT_MS = 10_000.0


@dataclass(frozen=True)
class FeatureValue:
    """One model input of a candidate, and what it or its topic adds to the score (0: it moved nothing)."""

    feature: str
    value: float
    adds: float
    words: str


@dataclass(frozen=True)
class Position:
    """A candidate's place on one side. `other` is its rank on the other side, None beyond DEEPEST."""

    card: Card
    rank: int
    other: int | None
    score: float
    behind: tuple[FeatureValue, ...]

    @property
    def move(self) -> int | None:
        """Places it stands higher than on the other side; None where it is not there."""
        return None if self.other is None else self.other - self.rank

    @property
    def moved(self) -> str:
        """The move in words."""
        if self.move is None:
            return f"not among the other's first {DEEPEST}"
        way = "up" if self.move > 0 else "down"
        return f"{way} {abs(self.move)} from {self.other}" if self.move else "same place"


@dataclass(frozen=True)
class Side:
    """One slate: what ordered it, and what that is of. `order` is a tier of the served bundle, or another bundle."""

    order: str
    bundle: str
    snapshot_version: str
    considered: int
    positions: tuple[Position, ...]


@dataclass(frozen=True)
class Comparison:
    """Two sides, and what was done without."""

    left: Side
    right: Side
    degraded: tuple[str, ...]

    @property
    def shared(self) -> int:
        """Candidates that both sides show."""
        ours, theirs = ({position.card.id for position in side.positions} for side in (self.left, self.right))
        return len(ours & theirs)


class Comparer:
    """Compares the tiers of what an engine serves with each other, and with other bundles on this machine."""

    def __init__(self, engine: Engine, others: OtherBundles) -> None:
        self._engine = engine
        self._others = others

    def orders(self, surface: Surface) -> tuple[str, ...]:
        """What a side may be ordered by."""
        return (*LADDER, *self._others.of(self._engine, surface))

    def compare(self, request: RankingRequest, left: str, right: str) -> Comparison:
        """Both sides; a tier that does not score here gives way to the last or the best that does.

        UnknownNameError for what is none of `orders`.
        """
        for order in (left, right):
            if order not in (orders := self.orders(request.surface)):
                raise UnknownNameError("order", order, orders)
        trace, deep = RequestTrace(PATIENT_MS), replace(request, k=DEEPEST, explain=0)
        slates, stages = self._engine.slates(deep, trace)
        tiers = tuple(slates)

        def ordered(order: str, instead: str) -> tuple[str, Slate, Stages]:
            if order in LADDER:
                tier = order if order in slates else instead
                return tier, slates[tier], stages
            other = self._others.stages(self._engine, request.surface, order)
            return order, self._engine.slate_of(other, deep, trace), other

        one, two = ordered(left, tiers[-1]), ordered(right, tiers[0])
        return Comparison(
            left=_side(*one, against=two[1], k=request.k),
            right=_side(*two, against=one[1], k=request.k),
            degraded=tuple(dict.fromkeys(trace.degraded)),
        )


def _side(order: str, slate: Slate, stages: Stages, *, against: Slate, k: int) -> Side:
    return Side(
        order=order,
        bundle=stages.bundle.version,
        snapshot_version=stages.candidates.version,
        considered=slate.considered,
        positions=_positions(slate, against, stages, k),
    )


def values_of(engine: Engine, request: RankingRequest, candidate: str) -> tuple[FeatureValue, ...]:
    """Every model input of one candidate, what moved its score most first.

    None where no ranker scores it among the first DEEPEST of any tier.
    """
    slates, stages = engine.slates(replace(request, k=DEEPEST, explain=0), RequestTrace(PATIENT_MS))
    found = [entry for slate in slates.values() for entry in slate.entries if entry.candidate_id == candidate]
    if not found or found[0].features is None or stages.ranked is None:
        return ()
    names, features = stages.ranked.manifest.feature_names, found[0].features
    (adds,) = contributions(stages.ranked.ensemble, features[None, :], names, READ_FEATURES[next(iter(slates))]).adds
    ordered = np.argsort(-np.abs(adds), kind="stable")
    return tuple(_value(request.surface, names[at], float(features[at]), float(adds[at])) for at in ordered)


def _positions(slate: Slate, other: Slate, stages: Stages, k: int) -> tuple[Position, ...]:
    shown = slate.entries[:k]
    ranks = {entry.candidate_id: entry.rank for entry in other.entries}
    cards = cards_of(stages.candidates, [entry.candidate_id for entry in shown])
    behind = _behind(shown, stages, slate.tier)
    return tuple(
        Position(
            card=cards[entry.candidate_id],
            rank=entry.rank,
            other=ranks.get(entry.candidate_id),
            score=entry.score,
            behind=behind.get(entry.candidate_id, ()),
        )
        for entry in shown
    )


def _behind(entries: Sequence[SlateEntry], stages: Stages, tier: str) -> Mapping[str, tuple[FeatureValue, ...]]:
    """What moved the tier's score of each candidate most; nothing where no ranker scores."""
    scored = [entry for entry in entries if entry.features is not None]
    if not scored or stages.ranked is None:
        return {}
    features = np.stack([entry.features for entry in scored if entry.features is not None])
    surface, told = stages.candidates.surface, reasons_of(stages.ranked, features, tier, BEHIND)
    return {
        entry.candidate_id: tuple(_value(surface, r.feature, r.value, r.adds) for r in reasons)
        for entry, reasons in zip(scored, told, strict=True)
    }


def _value(surface: Surface, feature: str, value: float, adds: float) -> FeatureValue:
    return FeatureValue(feature, value, adds, in_words(surface, feature, value))
