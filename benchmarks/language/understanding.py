"""Slot F1 of an understanding on searches whose plan is known, with intervals over searches; latency. JSON out.

`make bench SUITE=language/understanding` reads queries.jsonl beside it, a JSON object a line: `surface`, `text`, and
`plan`, whose skills and industries are names. A pair is (slot, value); a region counts as one value, which is right
where its countries are. A skill that the taxonomy does not know counts as missed.
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from components.language.names.countries import country_code
from components.language.names.industries import industry_name
from components.language.names.regions import region_countries
from components.language.names.spoken import language_name
from components.language.taxonomy import Taxonomy, shipped_taxonomy
from components.language.understanding import Grammar, Money, Plan, Understanding
from components.measures.intervals import mean_interval
from metier.durable import write_whole
from metier.stored import as_plain

QUERIES = Path(__file__).parent / "queries.jsonl"
ROUNDS = 20
PLACES = ("countries", "not_countries")
SKILLS = {"must": "must", "nice": "nice", "not": "not_"}
DOMAINS = ("domains", "not_domains")
SUMS = ("rate_min", "rate_max", "budget_min", "budget_max")
PLAIN = ("budget_kind", "hours_min", "hours_max", "available", "agencies", "posted_within_days")

Pair = tuple[str, Any]


def asked_pairs(plan: Mapping[str, Any], taxonomy: Taxonomy) -> Iterator[Pair]:
    """The pairs of a plan as people wrote it."""
    for slot in SKILLS:
        yield from ((slot, taxonomy.find(name) or f"unknown: {name}") for name in plan.get(slot) or ())
    for slot in PLACES:
        yield from ((slot, _place(name)) for name in plan.get(slot) or ())
    yield from (("countries", _place(name)) for name in plan.get("regions") or ())
    yield from (("languages", language_name(name) or name) for name in plan.get("languages") or ())
    yield from ((slot, level) for slot in ("levels", "not_levels") for level in plan.get(slot) or ())
    yield from ((slot, industry_name(name)) for slot in DOMAINS for name in plan.get(slot) or ())
    for slot in SUMS:
        if (money := plan.get(slot)) is not None:
            yield slot, (float(money["amount"]), money["currency"])
    yield from ((slot, plan[slot]) for slot in PLAIN if plan.get(slot) is not None)


def planned_pairs(plan: Plan) -> Iterator[Pair]:
    """The pairs of a plan as it was understood; of places those that were said, regions whole."""
    for part, value in plan.asked():
        slot = part.rstrip("_")
        if part in PLACES:
            yield from dict.fromkeys((slot, _place(span.value)) for span in plan.spans if span.part == part)
        elif isinstance(value, tuple):
            yield from ((slot, each) for each in value)
        else:
            yield slot, (value.amount, value.currency) if isinstance(value, Money) else value


def measured(understanding: Understanding, queries: Sequence[Mapping[str, Any]], taxonomy: Taxonomy) -> dict[str, Any]:
    """F1, precision and recall over all pairs, F1 by slot, and the searches whose plan is right in every pair."""
    counts, slots, misses = [], dict[str, Counter[str]](), []
    for query in queries:
        asked = set(asked_pairs(query["plan"], taxonomy))
        planned = set(planned_pairs(understanding.plan(query["text"], query["surface"])))
        counts.append((len(asked & planned), len(planned), len(asked)))
        for kind, pairs in (("right", asked & planned), ("missed", asked - planned), ("invented", planned - asked)):
            for slot, _ in pairs:
                slots.setdefault(slot, Counter())[kind] += 1
        if asked != planned:
            missed, invented = (sorted(map(str, pairs)) for pairs in (asked - planned, planned - asked))
            misses.append({"text": query["text"], "missed": missed, "invented": invented})
    right, planned_n, asked_n = np.array(counts, float).T
    return {
        "queries": len(queries),
        "f1": _ratio(2 * right, planned_n + asked_n),
        "precision": _ratio(right, planned_n),
        "recall": _ratio(right, asked_n),
        "whole_plans": int((right == np.maximum(planned_n, asked_n)).sum()),
        "slots": {slot: _slot(of) for slot, of in sorted(slots.items())},
        "misses": misses,
    }


def latency_ms(understanding: Understanding, queries: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Of one sentence, over ROUNDS of all."""
    took = []
    for _ in range(ROUNDS):
        for query in queries:
            begun = time.perf_counter()
            understanding.plan(query["text"], query["surface"])
            took.append(1e3 * (time.perf_counter() - begun))
    return {"p50": round(float(np.median(took)), 3), "p95": round(float(np.quantile(took, 0.95)), 3)}


def read_queries(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def _ratio(right: Any, of: Any) -> dict[str, Any]:
    """The ratio of sums over searches, which are resampled whole."""
    with np.errstate(invalid="ignore"):
        return as_plain(mean_interval(right / of, np.arange(len(of)), of))


def _slot(counts: Counter[str]) -> dict[str, Any]:
    of = 2 * counts["right"] + counts["missed"] + counts["invented"]
    kinds = {kind: counts[kind] for kind in ("right", "missed", "invented")}
    return {**kinds, "f1": round(2 * counts["right"] / of, 3)}


def _place(name: str) -> Any:
    """A region's countries, else the code."""
    return region_countries(name) or country_code(name) or name


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("queries", type=Path, nargs="?", default=QUERIES)
    parser.add_argument("--misses", action="store_true", help="also list what was missed and what was invented")
    parser.add_argument("--out", type=Path, help="write the JSON here too")
    arguments = parser.parse_args()
    queries, taxonomy = read_queries(arguments.queries), shipped_taxonomy()
    grammar = Grammar(taxonomy)
    result = measured(grammar, queries, taxonomy) | {"latency_ms": latency_ms(grammar, queries)}
    if not arguments.misses:
        del result["misses"]
    report = json.dumps(result, indent=2, ensure_ascii=False)
    if arguments.out:
        write_whole(arguments.out, report)
    print(report)


if __name__ == "__main__":
    main()
