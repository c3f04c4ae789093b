"""What a simulated world turned out to be: counts, funnels, concentration, delays, and how well it could be ranked.

Reads the tally of what was handed over and, for the rankings, the truth of the judged queries. Knows nothing of how
they arose.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from components.simulator.config import DAY_US, SimulatorConfig
from components.simulator.tally import Tally
from components.simulator.taxonomy import Floats
from components.simulator.world_log import WorldLog
from metier.contract import SURFACES, TABLES

CUT = 10
FEWEST_CANDIDATES = 3
FIT_ROWS = 60_000
RIDGE = 1e-3
SETTLED_DAYS = 45
"""Delays are measured on accepts this old where there are enough: younger ones hide the slow hires."""


@dataclass(frozen=True)
class WorldSummary:
    """Plain numbers and names, fit for JSON.

    funnel: {surface: {step: rate or count}}; concentration: {invites | hires: {gini, top_10_percent}}; hire_delay_days:
    quantiles of accept to hire; ndcg_at_10 on true relevance: {surface: {oracle, observable, logged, random, queries}}.
    """

    rows: dict[str, int]
    click_model: str
    logging_policy: str
    funnel: dict[str, dict[str, float]]
    concentration: dict[str, dict[str, float]]
    hire_delay_days: dict[str, float]
    late_recorded_share: float
    randomised_query_share: float
    ndcg_at_10: dict[str, dict[str, float]]


def summarise(config: SimulatorConfig, tally: Tally, log: WorldLog) -> WorldSummary:
    """The summary of a finished world."""
    observations = {name: np.concatenate([part[name] for part in log.observed]) for name in log.observed[0]}
    return WorldSummary(
        rows={name: tally.rows[name] for name in TABLES},
        click_model=config.click_model,
        logging_policy=config.logging_policy,
        funnel=_funnel(tally),
        concentration={"invites": _concentration(tally.moves["invite"]), "hires": _concentration(tally.moves["hire"])},
        hire_delay_days=_hire_delays(config, tally.delays),
        late_recorded_share=tally.late / max(tally.rows["interactions"], 1),
        randomised_query_share=log.explored / max(tally.rows["queries"], 1),
        ndcg_at_10={
            surface: _rankings(config, observations, position)
            for position, surface in enumerate(SURFACES)
            if (observations["surface"] == position).any()
        },
    )


def ndcg(relevance: Floats, score: Floats, query: np.ndarray) -> np.ndarray:
    """(queries,) NDCG@10, gain 2^rel - 1, discount 1 / log2(1 + rank); query ascending, NaN where all gains are 0."""
    discount = 1 / np.log2(np.arange(2, CUT + 2))
    _, start = np.unique(query, return_index=True)
    sizes = np.diff(np.append(start, len(query)))
    rank = np.arange(len(query)) - np.repeat(start, sizes)
    counted = rank < CUT

    def gained(by: Floats) -> np.ndarray:
        order = np.lexsort((-by, query))
        gain = np.where(counted, (2.0 ** relevance[order] - 1) * discount[np.minimum(rank, CUT - 1)], 0)
        return np.add.reduceat(gain, start)

    best = gained(relevance)
    with np.errstate(invalid="ignore"):
        return gained(score) / np.where(best > 0, best, np.nan)


def gini(counts: np.ndarray) -> float:
    """0 when all have the same, near 1 when one has everything."""
    ordered = np.sort(counts.astype(np.float64))
    total = ordered.sum()
    if total == 0:
        return 0.0
    rank = np.arange(1, len(ordered) + 1)
    return float(2 * (rank * ordered).sum() / (len(ordered) * total) - (len(ordered) + 1) / len(ordered))


def render(summary: WorldSummary) -> str:
    """The summary as plain text."""
    lines = ["Simulated marketplace", "", "rows"]
    lines += [f"  {name:<14}{count:>12,}" for name, count in summary.rows.items()]
    lines += ["", "funnel"]
    for surface, steps in summary.funnel.items():
        figures = "   ".join(f"{step} {_number(value)}" for step, value in steps.items())
        lines.append(f"  {surface:<22}{figures}")
    lines += ["", "concentration over freelancers"]
    for name, shares in summary.concentration.items():
        lines.append(f"  {name:<10}Gini {shares['gini']:.3f}   top 10% hold {shares['top_10_percent']:.1%}")
    delays = "   ".join(f"{name} {_number(value)}" for name, value in summary.hire_delay_days.items())
    lines += ["", f"accept to hire, days   {delays}"]
    lines += [f"interactions recorded late   {summary.late_recorded_share:.1%}"]
    lines += [f"queries with a randomised slate   {summary.randomised_query_share:.1%}"]
    lines += ["", "NDCG@10 on true relevance      oracle  observable    logged    random   queries"]
    for surface, ndcgs in summary.ndcg_at_10.items():
        figures = "".join(f"{ndcgs[name]:>10.3f}" for name in ("oracle", "observable", "logged", "random"))
        lines.append(f"  {surface:<26}{figures}{ndcgs['queries']:>10,.0f}")
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.4g}"


def _funnel(tally: Tally) -> dict[str, dict[str, float]]:
    """Per surface: clicks and moves per impression; accepts per move; hires per accept by the same pair's side."""
    funnel: dict[str, dict[str, float]] = {}
    moves = {"talent_search": ("invite",), "job_feed": ("apply",), "applicant_review": ("accept", "decline")}
    for position, name in enumerate(SURFACES):
        impressions = max(int(tally.impressions[position]), 1)
        funnel[name] = {
            "impressions": float(tally.impressions[position]),
            "view_rate": float(tally.viewed[position] / max(tally.reported[position], 1)),
            "click_rate": tally.acted("click", born=name) / impressions,
        }
        funnel[name] |= {f"{move}_rate": tally.acted(move, born=name) / impressions for move in moves[name]}
    for side_to_side, move, moves_made, answering in (
        ("client_to_freelancer", "invite", "invites", "freelancer"),
        ("freelancer_to_client", "apply", "applies", "client"),
    ):
        made = tally.acted(move)
        funnel[side_to_side] = {
            moves_made: made,
            "accept_rate": tally.acted("accept", answering) / max(made, 1),
            "decline_rate": tally.acted("decline", answering) / max(made, 1),
        }
    hires = tally.acted("hire")
    funnel["contracts"] = {"hires": hires, "hire_rate": hires / max(tally.acted("accept"), 1)}
    return funnel


def _concentration(counts: np.ndarray) -> dict[str, float]:
    top = np.sort(counts)[-max(len(counts) // 10, 1) :]
    return {"gini": gini(counts), "top_10_percent": float(top.sum() / max(counts.sum(), 1))}


def _hire_delays(config: SimulatorConfig, delays: list[tuple[int, float]]) -> dict[str, float]:
    """Days from a pair's accept to its hire, on accepts old enough to have seen slow hires where there are 30."""
    old = [delay for since, delay in delays if since < config.end_us - SETTLED_DAYS * DAY_US]
    days = np.array(old if len(old) >= 30 else [delay for _, delay in delays])
    if not len(days):
        return {"hires": 0}
    quantiles = {f"p{round(100 * q)}": float(np.quantile(days, q)) for q in (0.1, 0.5, 0.9, 0.99)}
    return {"hires": len(days)} | quantiles | {"share_past_30": float((days > 30).mean())}


def _rankings(config: SimulatorConfig, observations: Mapping[str, np.ndarray], surface: int) -> dict[str, float]:
    """Mean NDCG@10 over the surface's judged queries with three or more candidates."""
    mask = observations["surface"] == surface
    query = observations["query"][mask]
    mask[mask] = np.bincount(query)[query] >= FEWEST_CANDIDATES
    query, truth = observations["query"][mask], observations["truth"][mask]
    if not len(query):
        return dict.fromkeys(("oracle", "observable", "logged", "random", "queries"), 0.0)
    rng = np.random.default_rng([config.seed, 4])
    scores = {
        "oracle": truth,
        "observable": best_observable(observations["observed"][mask], truth, query, rng),
        "logged": -observations["rank"][mask].astype(np.float32),
        "random": rng.random(len(truth)).astype(np.float32),
    }
    figures = {name: float(np.nanmean(ndcg(truth, score, query))) for name, score in scores.items()}
    return figures | {"queries": float(len(np.unique(query)))}


def best_observable(observed: np.ndarray, truth: Floats, query: np.ndarray, rng: np.random.Generator) -> Floats:
    """(rows,) least-squares estimate of true relevance from what a platform could observe, read without noise.

    All attributes of relevance.OBSERVABLE, their squares and products, fitted on the queries of even number and applied
    to the odd ones, and the reverse. Its targets are the truth itself, its attributes know synonyms and learned tastes:
    an estimate, from below by its form, of what the best learner could reach.
    """
    centre, spread = observed.astype(np.float32).mean(axis=0), observed.astype(np.float32).std(axis=0) + 1e-6
    estimate = np.zeros(len(truth), np.float32)
    for half in (0, 1):
        fit = rng.permutation(np.flatnonzero(query % 2 == half))[:FIT_ROWS]
        held_out = np.flatnonzero(query % 2 != half)
        if not len(fit):
            continue
        design = _products((observed[fit] - centre) / spread)
        gram = (design.T @ design).astype(np.float64) + RIDGE * len(fit) * np.eye(design.shape[1])
        weights = np.linalg.solve(gram, design.T @ truth[fit])
        for rows in np.array_split(held_out, max(1, len(held_out) // 20_000)):
            estimate[rows] = _products((observed[rows] - centre) / spread) @ weights.astype(np.float32)
    return estimate


def _products(values: np.ndarray) -> np.ndarray:
    """(rows, 1 + k + k(k + 1)/2): one, the values, their products, clipped at five deviations."""
    clipped = np.clip(values.astype(np.float32), -5, 5)
    first, second = np.triu_indices(clipped.shape[1])
    return np.concatenate(
        [np.ones((len(clipped), 1), np.float32), clipped, clipped[:, first] * clipped[:, second]], axis=1
    )
