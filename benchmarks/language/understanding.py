"""Slot F1 of every understanding on searches whose plan is known, with intervals over searches; latency. JSON out.

    make bench SUITE=language/understanding ARGS="--adapter FOLDER"

On the searches of queries.jsonl beside it, a JSON object a line: `surface`, `text`, and `plan`, whose skills and
industries are names; and on searches drawn from held-out forms. The grammar always; with `--adapter` (the folder that
the pipeline query_model wrote for peft) the tuned model and its base, loaded here; the models at METIER_LLM_URL and
METIER_QUERY_MODEL_URL where they are set. What pairs are: components/language/query_model/pairs.py.
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from components.language.models import open_model, open_query_model
from components.language.query_model import ModelUnderstanding, Words
from components.language.query_model.bases import load_base, small_base
from components.language.query_model.pairs import asked_pairs, planned_pairs
from components.language.query_model.searches import Search, plain, searches
from components.language.query_model.trials import Trial, tried_beside_base
from components.language.taxonomy import Taxonomy, shipped_taxonomy
from components.language.understanding import Grammar, Plan, Understanding
from components.measures.intervals import mean_interval
from components.measures.slots import slot_f1, slot_f1_difference
from metier.durable import write_whole
from metier.errors import ModelError
from metier.settings import load_settings
from metier.stored import as_plain

QUERIES = Path(__file__).parent / "queries.jsonl"
ROUNDS = 20
HELD_OUT = 100
"""Searches drawn from held-out forms."""
SECONDS = 60.0
"""That a model may take for one search here."""


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
        "f1": as_plain(slot_f1(counts)),
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


def by_models_here(adapter: Path, base: Path, sets: Mapping[str, Any], taxonomy: Taxonomy) -> dict[str, Any]:
    """The tuned model, its base, and the difference of the two, of each set of searches."""
    from peft import PeftModel

    model, tokenizer = load_base(base)
    adapted = PeftModel.from_pretrained(model, str(adapter)).eval()
    result = {}
    for name, queries in sets.items():
        found = [Search(query["text"], query["surface"], Words(), query["plan"]) for query in queries]
        tuned, untuned = tried_beside_base(adapted, tokenizer, found, taxonomy)
        gain = as_plain(slot_f1_difference(tuned.counts, untuned.counts))
        result[name] = {"tuned": _of_trial(tuned), "base": _of_trial(untuned), "tuned - base": gain}
    return result


def _of_trial(trial: Trial) -> dict[str, Any]:
    return {"f1": as_plain(slot_f1(trial.counts)), "valid": trial.valid, "ms_side_by_side": round(trial.ms, 1)}


class Asked:
    """A model over HTTP, of which every answer is timed; a search that it does not answer has an empty plan."""

    def __init__(self, model: ModelUnderstanding) -> None:
        self._model = model
        self.ms: list[float] = []
        self.unanswered = 0

    def plan(self, text: str, surface: Any) -> Plan:
        begun = time.perf_counter()
        try:
            return self._model.plan(text, surface)
        except ModelError:
            self.unanswered += 1
            return Plan(text=text)
        finally:
            self.ms.append(1e3 * (time.perf_counter() - begun))


def by_remote_models(queries: Sequence[Mapping[str, Any]], taxonomy: Taxonomy) -> Iterator[tuple[str, dict[str, Any]]]:
    """(name, figures) of each model that the settings name."""
    settings = load_settings()
    for name, model, tuned in (
        ("remote", open_model(settings), False),
        ("remote query model", open_query_model(settings), settings.query_model_tuned),
    ):
        if model is None:
            continue
        asked = Asked(ModelUnderstanding(model, taxonomy, SECONDS, tuned=tuned))
        figures = measured(asked, queries, taxonomy)
        model.close()
        ms = {"p50": float(np.median(asked.ms)), "p95": float(np.quantile(asked.ms, 0.95))}
        yield name, {"f1": figures["f1"], "valid": 1 - asked.unanswered / len(queries), "latency_ms": ms}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("queries", type=Path, nargs="?", default=QUERIES)
    parser.add_argument("--adapter", type=Path, help="measure this adapter of peft, and its base")
    parser.add_argument("--base", type=Path, help="what the adapter was trained on; default: the model of `make llm`")
    parser.add_argument("--first", type=int, help="measure this many searches of each set alone")
    parser.add_argument("--misses", action="store_true", help="also list what was missed and what was invented")
    parser.add_argument("--out", type=Path, help="write the JSON here too")
    arguments = parser.parse_args()
    taxonomy = shipped_taxonomy()
    grammar = Grammar(taxonomy)
    sets = {"queries": read_queries(arguments.queries), "held out": plain(searches(taxonomy, "held_out", HELD_OUT))}
    sets = {name: queries[: arguments.first] for name, queries in sets.items()}
    result: dict[str, Any] = {}
    for name, queries in sets.items():
        figures = measured(grammar, queries, taxonomy) | {"latency_ms": latency_ms(grammar, queries)}
        if not arguments.misses:
            del figures["misses"]
        result[name] = {"grammar": figures, **dict(by_remote_models(queries, taxonomy))}
    if arguments.adapter:
        here = by_models_here(arguments.adapter, arguments.base or small_base(), sets, taxonomy)
        result = {name: figures | here[name] for name, figures in result.items()}
    report = json.dumps(result, indent=2, ensure_ascii=False)
    if arguments.out:
        write_whole(arguments.out, report)
    print(report)


if __name__ == "__main__":
    main()
