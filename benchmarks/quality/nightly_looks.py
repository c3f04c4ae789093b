"""Nights of looks at challengers: how often one that is no better is promoted, and one that is better in time.

    python benchmarks/quality/nightly_looks.py [--months 200] [--out FILE]

A month is 30 nights of randomised slates, ten candidates each with clicks by relevance and position. Equal challengers
order by the same relevance with noise of the same size as the champion's. They are looked at on one slice (another
challenger each night), on a log that grows (the same one, or another each night), and the gate decides with what is
spent against the champion. `at_95_percent` is the share of months in which some night's 95% interval lies above zero.

The better challenger gains `gain` NDCG@10. The plan is the one that the gate names after its first look; a run counts
where the gate promotes by the day that it says.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.evaluation.decision.evidence import Evidence, GateRules
from components.evaluation.decision.looks import Looks, Slice, due, forecast
from components.evaluation.gate import decide
from components.measures import Interval, mean_interval, ndcg_at_k
from metier.durable import write_whole

START = datetime(2026, 1, 1, tzinfo=UTC)
NIGHTS, A_DAY, ACTORS, SHOWN = 30, 100, 300, 10
FIRST_NIGHT = 7
"""The better challenger is looked at from this night on, for as long as the plan says."""
LONGEST = 200
"""Days of the log that plans are kept on."""
NOISE, LESS_NOISE = 1.6, 1.215
"""Of the champion's and of the better challenger's order, in units of the relevance's logit."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Month:
    """Randomised slates of some days: what was clicked and how relevant it is (n_queries, SHOWN), who asked."""

    clicked: Floats
    logit: Floats
    actor: NDArray[np.int64]
    random: np.random.Generator

    @classmethod
    def drawn(cls, seed: int, days: int = NIGHTS) -> "Month":
        """Clicks by examination, which falls with the rank, and by relevance."""
        random = np.random.default_rng(seed)
        logit = random.normal(-2.0, 1.5, (days * A_DAY, SHOWN))
        examined = 1.0 / np.arange(1, SHOWN + 1) ** 0.5
        clicked = random.random(logit.shape) < examined / (1 + np.exp(-logit))
        return cls(clicked.astype(np.float64), logit, random.integers(0, ACTORS, len(logit)), random)

    def ndcg(self, noise: float) -> Floats:
        """NDCG@10 by query (n_queries,) of an order with fresh noise; NaN where nothing was clicked."""
        score = self.logit + self.random.normal(0, noise, self.logit.shape)
        query = np.repeat(np.arange(len(score)), SHOWN)
        return ndcg_at_k(self.clicked.ravel(), score.ravel(), query, 10)

    def night(self, challenger: Floats, champion: Floats, days: int) -> "Night":
        """What is there to look at after so many days."""
        first = slice(0, days * A_DAY)
        difference = challenger[first] - champion[first]
        known = ~np.isnan(difference)
        return Night(difference[known], self.actor[first][known], days)


@dataclass(frozen=True)
class Night:
    """Challenger minus champion by query, and who asked, both (n_queries,)."""

    difference: Floats
    actor: NDArray[np.int64]
    days: int

    def evidence(self) -> Evidence:
        """As an evaluation gives it."""
        measured = mean_interval(self.difference, self.actor)
        return Evidence("randomised", "ndcg@10", measured, since=START, until=START + timedelta(days=self.days))

    def is_due(self, looks: Looks) -> bool:
        """Whether the gate would look at its evidence, which need not be measured otherwise."""
        seen = Slice(len(self.difference), START, START + timedelta(days=self.days))
        return due(seen, looks, GateRules().growth)

    def is_above(self) -> bool:
        """Whether a 95% interval by actors, normal, lies above zero."""
        mean = self.difference.mean()
        error = np.sqrt((np.bincount(self.actor, self.difference - mean) ** 2).sum()) / len(self.difference)
        return len(np.unique(self.actor)) >= GateRules().fewest_actors and bool(mean > 1.96 * error)


def one_slice(month: Month) -> Iterator[Night]:
    """Another challenger each night, on the same slice."""
    champion = month.ndcg(NOISE)
    for _ in range(NIGHTS):
        yield month.night(month.ndcg(NOISE), champion, NIGHTS)


def growing(month: Month) -> Iterator[Night]:
    """The same challenger each night, on a log that grows."""
    champion, challenger = month.ndcg(NOISE), month.ndcg(NOISE)
    for night in range(1, NIGHTS + 1):
        yield month.night(challenger, champion, night)


def growing_retrained(month: Month) -> Iterator[Night]:
    """Another challenger each night, on a log that grows."""
    champion = month.ndcg(NOISE)
    for night in range(1, NIGHTS + 1):
        yield month.night(month.ndcg(NOISE), champion, night)


WAYS: dict[str, Callable[[Month], Iterator[Night]]] = {
    "one_slice": one_slice,
    "growing": growing,
    "growing_retrained": growing_retrained,
}


def looked_at(nights: Iterator[Night]) -> tuple[bool, bool, int]:
    """(promoted on some night, some night's interval above zero, looks spent) of a month."""
    looks, promoted, above = Looks("champion"), False, False
    for night in nights:
        above |= night.is_above()
        if night.is_due(looks):
            decision = decide([night.evidence()], looks=looks)
            looks, promoted = decision.looks, promoted or decision.verdict == "promote"
    return promoted, above, looks.spent


def in_time(seed: int) -> tuple[bool, float, float]:
    """(the better challenger was promoted by the day of the plan, days of the plan, its gain on the whole log)."""
    rules, month = GateRules(), Month.drawn(seed, LONGEST)
    champion, challenger = month.ndcg(NOISE), month.ndcg(LESS_NOISE)
    first = month.night(challenger, champion, FIRST_NIGHT).evidence()
    decision = decide([first], looks=Looks("champion"))
    plan = forecast(
        first.difference, first.slice, decision.looks, level=rules.level, growth=rules.growth,
        effect=rules.least_effect, power=rules.power,
    )  # fmt: skip
    days, night = min(LONGEST, FIRST_NIGHT + math.ceil(plan.days)), FIRST_NIGHT
    while decision.verdict != "promote" and night < days:
        night += 1
        seen = month.night(challenger, champion, night)
        if seen.is_due(decision.looks):
            decision = decide([seen.evidence()], looks=decision.looks)
    return decision.verdict == "promote", days, float(np.nanmean(challenger - champion))


def measure(months: int) -> dict[str, Any]:
    """Every figure of so many months of each way."""
    figures: dict[str, Any] = {"months": months, "level": GateRules().level}
    for name, way in WAYS.items():
        told = np.array([looked_at(way(Month.drawn(seed))) for seed in range(months)])
        figures[name] = {
            "promoted_falsely": float(told[:, 0].mean()),
            "at_95_percent": float(told[:, 1].mean()),
            "looks": float(told[:, 2].mean()),
        }
    told = np.array([in_time(seed) for seed in range(months)])
    gain: Interval = mean_interval(told[:, 2], np.arange(months))
    figures["better"] = {
        "promoted_in_time": float(told[:, 0].mean()),
        "days_of_the_plan": float(np.median(told[:, 1])),
        "gain": [gain.value, gain.low, gain.high],
    }
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--months", type=int, default=200)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    figures = measure(arguments.months)
    print(json.dumps(figures, indent=1))
    if arguments.out:
        write_whole(arguments.out, json.dumps(figures, indent=1))
    false = max(figures[name]["promoted_falsely"] for name in WAYS)
    return 0 if false <= figures["level"] and figures["better"]["promoted_in_time"] >= 0.8 else 1


if __name__ == "__main__":
    sys.exit(main())
