"""What a surface declares about its exploration: how often its slates are drawn at random, how deep, and which slot."""

import pydantic
from pydantic.dataclasses import dataclass

MOST_RANKS = 100
"""The longest slate there is."""


@dataclass(frozen=True, config=pydantic.ConfigDict(extra="forbid"))
class Exploration:
    """How the slates of one surface explore; by default not at all."""

    share: float = pydantic.Field(default=0.0, ge=0, le=1)
    """Of the requests, how many get the first `depth` ranks in a uniformly random order."""
    depth: int = pydantic.Field(default=MOST_RANKS, ge=2, le=MOST_RANKS)
    """Ranks from 1 that are shuffled; a slate counts as randomised where it is no longer than this."""
    slot: int | None = pydantic.Field(default=None, ge=1, le=MOST_RANKS)
    """Rank of every slate that is given to a candidate who was shown little so far; None: no rank."""
