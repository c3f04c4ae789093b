"""Off-policy estimates on logs of a public bandit (Open Bandit Dataset, small), and how often their bounds are right.

    python benchmarks/quality/off_policy.py DIR [--logs 500] [--out FILE]

DIR holds {bts,random}/{all,men}/*.csv. Per campaign: the value of the uniform policy from the log of Thompson sampling
beside what the uniform policy itself earned (the log of `random`); then `--logs` simulated logs of as many rows, whose
items come as often as Thompson sampling showed them and are clicked as the random log says, and the share of them whose
bounds hold the value that is true there; then what has to be refused.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.measures import mean_interval
from components.measures.off_policy import METHODS, Estimate, Method, estimate
from metier.durable import write_whole
from metier.errors import InputError, UnsupportedEstimate

CAMPAIGNS = {"all": 80, "men": 34}
"""How many items each shows."""
PRIOR_CLICKS = 5.0
"""An item's rate of clicks is drawn to the mean as if it had been clicked so often at that."""
FOLDS = 2
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Log:
    """Items shown, their propensities and clicks, all (n_rows,), of `n_items`."""

    item: NDArray[np.int64]
    propensity: Floats
    click: Floats
    n_items: int

    @classmethod
    def read(cls, folder: Path, policy: str, campaign: str) -> "Log":
        """The log of a policy as the data set has it."""
        path = folder / policy / campaign / f"{campaign}.csv"
        if not path.is_file():
            raise InputError(f"no {path}; give the folder of the small Open Bandit Dataset")
        rows = pd.read_csv(path, usecols=["item_id", "click", "propensity_score"])
        columns = (rows[name].to_numpy(np.float64) for name in ("propensity_score", "click"))
        return cls(rows["item_id"].to_numpy(np.int64), *columns, CAMPAIGNS[campaign])

    def rates(self, rows: NDArray[np.bool_]) -> Floats:
        """(n_items,) click rates of some rows, drawn to their mean."""
        mean = self.click[rows].mean()
        clicks, shown = (np.bincount(self.item[rows], of, self.n_items) for of in (self.click[rows], None))
        return (clicks + PRIOR_CLICKS) / (shown + PRIOR_CLICKS / mean)

    def uniform(self, method: Method) -> Estimate:
        """The value of showing every item as often, its reward model fitted on the other fold."""
        expected, of_all = np.empty(len(self.item)), np.empty(len(self.item))
        fold = np.arange(len(self.item)) % FOLDS
        for number in range(FOLDS):
            rates = self.rates(fold != number)
            expected[fold == number], of_all[fold == number] = rates[self.item[fold == number]], rates.mean()
        target = np.full(len(self.item), 1 / self.n_items)
        return estimate(self.click, self.propensity, target, expected, of_all, method)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--logs", type=int, default=500)
    parser.add_argument("--out", type=Path, default=None)
    arguments = parser.parse_args()
    result = {campaign: study(arguments.folder, campaign, arguments.logs) for campaign in CAMPAIGNS}
    for campaign, found in result.items():
        print(rendered(campaign, found))
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        write_whole(arguments.out, json.dumps(result, indent=1))
    return 0


def study(folder: Path, campaign: str, logs: int) -> dict[str, Any]:
    """Estimates, coverage and refusals of one campaign."""
    logged, uniform = (Log.read(folder, policy, campaign) for policy in ("bts", "random"))
    earned = mean_interval(uniform.click, np.arange(len(uniform.click)))
    return {
        "estimates": {method: asdict(logged.uniform(method)) for method in METHODS},
        "earned": {"value": earned.value, "low": earned.low, "high": earned.high, "rows": earned.n},
        "covered": covered(logged, uniform.rates(np.ones(len(uniform.item), np.bool_)), logs),
        "refused": refused(logged),
    }


def covered(logged: Log, rates: Floats, logs: int) -> dict[str, dict[str, float]]:
    """By method, the share of simulated logs whose bounds hold the true value, and the share that is refused."""
    random = np.random.default_rng(logged.n_items)
    often = np.bincount(logged.item, minlength=logged.n_items) + 1.0
    shown, truth = often / often.sum(), float(rates.mean())
    held: dict[Method, list[bool]] = {method: [] for method in METHODS}
    for _ in range(logs):
        item = random.choice(logged.n_items, len(logged.item), p=shown)
        click = (random.random(len(item)) < rates[item]).astype(np.float64)
        log = Log(item, shown[item], click, logged.n_items)
        for method in METHODS:
            try:
                found = log.uniform(method)
            except UnsupportedEstimate:
                continue
            held[method].append(found.low <= truth <= found.high)
    return {name: {"covered": float(np.mean(of)), "refused": 1 - len(of) / logs} for name, of in held.items()}


def refused(log: Log) -> dict[str, str]:
    """What each log that cannot say is answered; empty where it is estimated all the same."""
    rows, target = len(log.item), np.full(len(log.item), 1 / log.n_items)
    best = int(np.bincount(log.item).argmax())
    return {
        "no support": _refusal(lambda: estimate(log.click, log.propensity, np.zeros(rows))),
        "deterministic": _refusal(lambda: estimate(log.click, np.ones(rows), (log.item == best) * 0.9)),
        "propensity-free": _refusal(lambda: estimate(log.click, np.full(rows, np.nan), target)),
    }


def _refusal(estimated: Callable[[], Estimate]) -> str:
    try:
        estimated()
    except UnsupportedEstimate as refusal:
        return str(refusal)
    return ""


def rendered(campaign: str, found: dict[str, Any]) -> str:
    """The figures as a person reads them: clicks a hundred showings."""
    earned = found["earned"]
    lines = [f"{campaign}: earned {_percent(earned)} of {earned['rows']:,} rows shown at random"]
    for method, figures in found["estimates"].items():
        share = found["covered"][method]
        lines.append(
            f"  {method:<6}{_percent(figures)}, worth {figures['effective_sample_size']:,.0f} rows; "
            f"covers {share['covered']:.3f} of simulated logs"
        )
    lines += [f"  {name}: {'refused: ' + text if text else 'NOT REFUSED'}" for name, text in found["refused"].items()]
    return "\n".join(lines)


def _percent(figures: dict[str, float]) -> str:
    return f"{100 * figures['value']:.3f} [{100 * figures['low']:.3f}, {100 * figures['high']:.3f}]%"


if __name__ == "__main__":
    sys.exit(main())
