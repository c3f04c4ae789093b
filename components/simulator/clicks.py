"""Click models over padded slates: by position, by position with trust bias, and cascade.

A learner is never told which one made a log. Matrices are (queries, ranks) with `filled` marking real candidates. Knows
nothing of who asks or what is shown.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from components.simulator.taxonomy import Floats

Mask = npt.NDArray[np.bool_]

SURE, SURE_LOSS, FLOOR = 0.98, 0.005, 0.12
GO_ON_AFTER_CLICK, GO_ON_AFTER_SKIP = 0.6, 0.955


@dataclass(frozen=True)
class Clicks:
    """What was on screen and what was clicked, both (queries, ranks)."""

    on_screen: Mask
    clicked: Mask


def examination(ranks: int, patience: float) -> Floats:
    """(ranks,) probability that a rank is looked at, rank^-(1 - patience): half of the loss is scrolling."""
    return np.arange(1, ranks + 1, dtype=np.float32) ** np.float32(patience - 1)


def trusted(attraction: Floats, rank: Floats) -> Floats:
    """P(click given examined) with trust bias: the attractive are clicked a little less, the others more, at the top.

    e+(rank) * attraction + e-(rank) * (1 - attraction), after Agarwal et al., "Addressing Trust Bias for Unbiased
    Learning-to-Rank", WWW 2019, with e+ = .98 - .005 (rank - 1) and e- = .12 / rank.
    """
    return (SURE - SURE_LOSS * (rank - 1)) * attraction + FLOOR / rank * (1 - attraction)


def examined_on_screen(ranks: int, patience: float) -> Floats:
    """(ranks,) probability that a rank of the position models is looked at once it is on screen."""
    return np.sqrt(examination(ranks, patience))


def position(attraction: Floats, filled: Mask, patience: float, rng: np.random.Generator) -> Clicks:
    """Everybody scrolls to a depth, looks at some of what is on screen and clicks what attracts, at whichever rank.

    P(click) = examination(rank) * attraction: the position-based model (Craswell et al., WSDM 2008).
    """
    return _positional(attraction, filled, patience, rng)


def position_trust(attraction: Floats, filled: Mask, patience: float, rng: np.random.Generator) -> Clicks:
    """As `position`, and the top is trusted: P(click) = examination(rank) * trusted(attraction, rank)."""
    rank = np.arange(1, attraction.shape[1] + 1, dtype=np.float32)
    return _positional(trusted(attraction, rank), filled, patience, rng)


def _positional(chance: Floats, filled: Mask, patience: float, rng: np.random.Generator) -> Clicks:
    """chance: (queries, ranks) probability of a click once a candidate is looked at."""
    queries, ranks = chance.shape
    share = examined_on_screen(ranks, patience)
    on_screen = filled & (rng.random((queries, 1), np.float32) < share)
    examined = on_screen & (rng.random((queries, ranks), np.float32) < share)
    return Clicks(on_screen, examined & (rng.random((queries, ranks), np.float32) < chance))


def cascade(attraction: Floats, filled: Mask, patience: float, rng: np.random.Generator) -> Clicks:
    """One candidate after the other; a click ends the scan more often than a skip (dependent click model)."""
    queries, ranks = attraction.shape
    on_screen, clicked = np.zeros((queries, ranks), bool), np.zeros((queries, ranks), bool)
    scanning = np.ones(queries, bool)
    for rank in range(ranks):
        on_screen[:, rank] = scanning & filled[:, rank]
        clicked[:, rank] = on_screen[:, rank] & (rng.random(queries, np.float32) < attraction[:, rank])
        go_on = np.where(clicked[:, rank], GO_ON_AFTER_CLICK, GO_ON_AFTER_SKIP) ** (2 * (1 - patience))
        scanning &= rng.random(queries, np.float32) < go_on
    return Clicks(on_screen, clicked)


CLICK_MODELS: dict[str, Callable[[Floats, Mask, float, np.random.Generator], Clicks]] = {
    "position": position,
    "position_trust": position_trust,
    "cascade": cascade,
}
