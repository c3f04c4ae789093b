"""What the rounds of a benchmark come to: medians, and each ratio beside its target. Knows figures, no endpoint."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

BEFORE, BARE, OURS, PER_STAGE, FEAST = (
    "build before",
    "bare uvicorn",
    "ray serve",
    "a deployment a stage",
    "hydrated by feast",
)
ONE, MANY, MANY_IN_TIME, OPEN = "1 connection", "16 connections", "16, default deadline", "open loop, half that rate"
FIGURES = {
    "cpu_ms": "CPU ms",
    "p50_ms": "p50 ms",
    "p95_ms": "p95 ms",
    "p99_ms": "p99 ms",
    "requests_per_second": "requests/s",
    "full_tier": "full tier",
}

Medians = Mapping[str, Mapping[str, Mapping[str, float]]]
"""By load, endpoint and figure."""


@dataclass(frozen=True)
class Target:
    """A figure of the run, and where it should be."""

    name: str
    figure: Callable[[Medians, Mapping[str, float]], float]
    bound: float
    at_least: bool = True

    def beside(self, medians: Medians, memory: Mapping[str, float]) -> dict[str, Any]:
        """The figure beside its target; None where what it compares with was left out."""
        try:
            value = self.figure(medians, memory)
        except KeyError:
            return {"target": self.name, "bound": self.bound, "value": None, "kept": None}
        kept = value >= self.bound if self.at_least else value <= self.bound
        return {"target": self.name, "bound": self.bound, "value": value, "kept": bool(kept)}


def _times(load: str, figure: str, of: str, than: str) -> Callable[[Medians, Mapping[str, float]], float]:
    return lambda medians, _: medians[load][of][figure] / medians[load][than][figure]


TARGETS = (
    Target("CPU of a request before, times ours (16 connections)", _times(MANY, "cpu_ms", BEFORE, OURS), 4.0),
    Target("p50 before, times ours (1 connection)", _times(ONE, "p50_ms", BEFORE, OURS), 3.5),
    Target("throughput, times that before (16)", _times(MANY, "requests_per_second", OURS, BEFORE), 4.0),
    Target("slates at the full tier (16, default deadline)", lambda m, _: m[MANY_IN_TIME][OURS]["full_tier"], 0.95),
    Target("throughput, times bare uvicorn's (16)", _times(MANY, "requests_per_second", OURS, BARE), 0.75),
    Target("throughput, times a deployment a stage's (16)", _times(MANY, "requests_per_second", OURS, PER_STAGE), 3.0),
    Target("MiB a replica less than before", lambda _, memory: memory[BEFORE] - memory[OURS], 250.0),
    Target("p50 ms (1 connection)", lambda m, _: m[ONE][OURS]["p50_ms"], 5.0, at_least=False),
    Target("p99 ms (1 connection)", lambda m, _: m[ONE][OURS]["p99_ms"], 15.0, at_least=False),
)


def medians_of(rounds: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, dict[str, float]]]:
    """Medians over the repetitions, by load and endpoint."""
    medians: dict[str, dict[str, dict[str, float]]] = {}
    for load, endpoint in dict.fromkeys((row["load"], row["endpoint"]) for row in rounds):
        alike = [row for row in rounds if (row["load"], row["endpoint"]) == (load, endpoint)]
        figures = {figure: float(np.median([row[figure] for row in alike])) for figure in FIGURES}
        medians.setdefault(load, {})[endpoint] = figures
    return medians


def acceptance(medians: Medians, memory: Mapping[str, float]) -> list[dict[str, Any]]:
    """Each target with its figure."""
    return [target.beside(medians, memory) for target in TARGETS]


def table(result: Mapping[str, Any]) -> str:
    """The result for people."""
    lines = [
        f"{result['candidates']} of {result['candidates_in_release']} candidates of {result['surface']}; medians of "
        f"{result['repetitions']} rounds of {result['seconds_a_round']:g} s in turns, one replica each on one core",
        f"{'load':<27}{'endpoint':<22}" + "".join(f"{name:>12}" for name in FIGURES.values()),
    ]
    for load, endpoints in result["medians"].items():
        for name, figures in endpoints.items():
            cells = "".join(f"{figures[figure]:>12.2f}" for figure in FIGURES)
            lines.append(f"{load:<27}{name:<22}{cells}")
    for name, timings in result["stages_ms"].items():
        lines.append(f"{name}, ms: " + " · ".join(f"{stage} {ms:.2f}" for stage, ms in timings.items()))
    lines += [f"{name}: {mib:.0f} MiB in replicas" for name, mib in result["pss_mib"].items()]
    for row in result["acceptance"]:
        said = "left out" if row["value"] is None else f"{row['value']:.2f} {'kept' if row['kept'] else 'MISSED'}"
        lines.append(f"{row['target']:<56}{row['bound']:>8g}  {said}")
    lines += [f"FAILED {count} x {fault}" for fault, count in result["failures"].items()] or ["failures: none"]
    return "\n".join(lines)
