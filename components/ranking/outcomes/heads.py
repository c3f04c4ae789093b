"""Rankers that also say how likely each outcome is, and which outcomes a data set can teach.

Every head is trained on all rows that were shown, not only on those that the head before it let through: P(apply) is
of every job shown, so P(apply | click) is P(apply) over P(click) without the bias of who clicks (Ma et al. 2018).
"""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from components.measures.arrays import Floats
from components.training_sets import RankingDataset
from components.training_sets.outcomes.funnel import ALL_HEADS


@runtime_checkable
class HasHeads(Protocol):
    """A ranker with heads."""

    @property
    def heads(self) -> tuple[str, ...]:
        """Outcomes that were trained."""
        ...

    def score_heads(self, features: Floats, feature_names: Sequence[str] | None = None) -> dict[str, Floats]:
        """P(outcome) of each trained head, {head: (n_rows,)}."""
        ...


def trainable_heads(dataset: RankingDataset | None) -> tuple[str, ...]:
    """Outcomes whose known values hold both 1 and 0, in the order of the funnel, others by name."""
    outcomes = {} if dataset is None or dataset.outcomes is None else dataset.outcomes
    ordered = [*(head for head in ALL_HEADS if head in outcomes), *sorted(set(outcomes) - set(ALL_HEADS))]
    return tuple(head for head in ordered if (outcomes[head] == 1).any() and (outcomes[head] == 0).any())
