"""Questions to `POST /v1/ask` whose right answers are known: answered, refused, cited, supported, how fast. JSON out.

    python benchmarks/language/asking.py                            a simulated METIER_HOME, without a model
    python benchmarks/language/asking.py --model --questions 50     the model at METIER_LLM_URL puts answers into words

Questions are made of what the lake holds, those without an answer of what it does not hold (a skill nobody has, a value
that is null, an attribute that is stored nowhere, an unknown id), in phrasings that nothing was tuned on
(posed/phrasings.json); `--phrasings tuned` takes the others. Whom an answer may name is read from the truth of the
simulated world. Spans are compared with the lake; shares are with Wilson intervals of 95%. Exits with status 1 where a
citation is not exact or a sentence not supported.
"""

import argparse
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from one_engine import engine_of, to_status, without_model
from posed.questions import SIDES, Market, Posed, posed
from scipy.stats import binomtest

from components.language.answers.answer import Answer
from components.language.answers.shown import shown_text
from components.language.answers.told import Statement
from components.language.models.remote import REST_SECONDS
from metier.durable import write_whole
from metier.errors import InputError
from metier.settings import Settings, load_settings
from serving.language.asking import Question, answered, look
from serving.request.trace import RequestTrace

UNHURRIED_MS = 60_000.0
JOINING = frozenset(
    """
    a an and are asks at budget by category charges for from has have hour hours in industry is it language level
    lists of on openings or paid pays posted salary says skills speaks that the their titled to under up usd was week
    who with works
    """.split()  # noqa: SIM905
)
"""Words of a sentence that need not stand in its quotes: those of this script, not the platform's."""


@dataclass(frozen=True)
class Asked:
    """A question with its answer; milliseconds beyond ranking, by the clock and of this process alone."""

    posed: Posed
    answer: Answer
    ms: float
    cpu_ms: float


def main() -> int:
    """Parse, and turn errors into one line and a status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=150, help="of each kind: with and without an answer (150)")
    parser.add_argument("--phrasings", choices=("held_out", "tuned"), default="held_out")
    parser.add_argument("--model", action="store_true", help="let the model at METIER_LLM_URL put answers into words")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--misses", action="store_true", help="print each question that went wrong")
    parser.add_argument("--out", type=Path, help="JSON (default: METIER_HOME/reports/benchmarks/asking.json)")
    arguments = parser.parse_args()
    return to_status(lambda: measured(arguments))


def measured(arguments: argparse.Namespace) -> int:
    settings = load_settings()
    if not settings.truth.exists():
        raise InputError(f"{settings.home} is no simulated world; `metier demo` makes one with METIER_HOME set")
    if arguments.model and not settings.llm_url:
        raise InputError("METIER_LLM_URL is not set; `make llm` serves a small model and says what to set")
    if not arguments.model:
        settings = without_model(settings)
    markets = {surface: Market(settings, surface) for surface in SIDES}
    each = {"talent_search": -(-2 * arguments.questions // 3), "job_feed": arguments.questions // 3}
    questions = [
        question
        for surface, market in markets.items()
        for question in posed(market, each[surface], arguments.phrasings, arguments.seed)
    ]
    result = figures(list(asked(questions, settings)), markets)
    result |= {
        "phrasings": arguments.phrasings,
        "seed": arguments.seed,
        "model": settings.llm_url and settings.llm_model,
    }
    wrong = result.pop("misses")
    if arguments.misses:
        print(*wrong, sep="\n", file=sys.stderr)
    print(json.dumps(result, indent=2))
    out = arguments.out or settings.reports / "benchmarks" / "asking.json"
    write_whole(out, json.dumps(result, indent=2) + "\n")
    return 0 if result["citations_exact"]["share"] == result["sentences_supported"]["share"] == 1.0 else 1


def asked(questions: Iterable[Posed], settings: Settings) -> Iterable[Asked]:
    """Each question as the endpoint answers it, by a visitor at the lake's clock."""
    with engine_of(settings) as engine:
        for question in questions:
            trace = RequestTrace(UNHURRIED_MS)
            looked = look(Question(question.surface, "", question.text), engine, trace)
            begun, begun_cpu = time.perf_counter(), time.process_time()
            answer = answered(looked, engine, trace)
            ms, cpu_ms = 1e3 * (time.perf_counter() - begun), 1e3 * (time.process_time() - begun_cpu)
            yield Asked(question, answer, ms, cpu_ms)
            if answer.degraded and not answer.by_model:
                time.sleep(REST_SECONDS)  # the next question finds the model awake


def figures(all_asked: Sequence[Asked], markets: Mapping[str, Market]) -> dict[str, Any]:
    """Shares with intervals, by kind too, and times."""
    with_answer = [each for each in all_asked if each.posed.right]
    without = [each for each in all_asked if not each.posed.right]
    told = [(each, statement) for each in all_asked for statement in each.answer.statements]
    exact = [is_exact(citation, markets[each.posed.surface]) for each, said in told for citation in said.citations]
    right = [
        bool({citation.candidate_id for citation in said.citations} <= each.posed.right)
        for each, said in told
        if each.posed.right
    ]
    ms, cpu_ms = (np.array([getattr(each, name) for each in all_asked]) for name in ("ms", "cpu_ms"))
    misses = [
        f"{each.posed.surface} {each.posed.kind}: {each.posed.text} -> {each.answer.text or each.answer.reason}"
        for each in all_asked
        if bool(each.answer.statements) != bool(each.posed.right)
        or not named(each) <= (each.posed.right or named(each))
    ]
    return {
        "answered": share([bool(each.answer.statements) for each in with_answer]),
        "refused": share([not each.answer.statements for each in without]),
        "citations_exact": share(exact),
        "sentences_supported": share([is_supported(said) for _, said in told]),
        "sentences_true": share(right),
        "in_words_of_the_model": sum(each.answer.by_model for each in all_asked),
        "degraded": dict(Counter(each.answer.degraded for each in all_asked if each.answer.degraded)),
        "beyond_ranking_ms": {"p50": quantile(ms, 0.5), "p95": quantile(ms, 0.95)},
        "beyond_ranking_cpu_ms": {"p50": quantile(cpu_ms, 0.5), "p95": quantile(cpu_ms, 0.95)},
        "answered_by_kind": by_kind(with_answer, answered=True),
        "refused_by_kind": by_kind(without, answered=False),
        "misses": misses,
    }


def named(each: Asked) -> frozenset[str]:
    """Candidates that an answer speaks of."""
    return frozenset(citation.candidate_id for said in each.answer.statements for citation in said.citations)


def is_exact(citation: Any, market: Market) -> bool:
    """Whether the quote is what the lake holds there."""
    text = shown_text(market.all[citation.candidate_id][citation.field])
    return bool(citation.quote) and text[citation.start : citation.end] == citation.quote


def is_supported(statement: Statement) -> bool:
    """Whether every word of a sentence is its candidate, one that joins, or in its quotes."""
    candidates = {citation.candidate_id for citation in statement.citations}
    quotes = " ".join(citation.quote for citation in statement.citations).lower()
    said = statement.text.replace(next(iter(candidates), ""), " ").lower()
    words, shown = re.findall(r"[\w.+#]*[\w+#]", said), set(re.findall(r"[\w.+#]*[\w+#]", quotes))
    return len(candidates) == 1 and all(word in shown or word in JOINING for word in words)


def by_kind(all_asked: Sequence[Asked], answered: bool) -> dict[str, str]:
    kinds = Counter(f"{each.posed.surface} {each.posed.kind}" for each in all_asked)
    done = Counter(
        f"{each.posed.surface} {each.posed.kind}" for each in all_asked if bool(each.answer.statements) == answered
    )
    return {kind: f"{done[kind]} of {count}" for kind, count in sorted(kinds.items())}


def share(outcomes: Sequence[bool]) -> dict[str, float]:
    """Of how many, the share, and its Wilson interval of 95%."""
    if not outcomes:
        return {"n": 0, "share": float("nan")}
    interval = binomtest(sum(outcomes), len(outcomes)).proportion_ci(method="wilson")
    low, high = round(float(interval.low), 4), round(float(interval.high), 4)
    return {"n": len(outcomes), "share": sum(outcomes) / len(outcomes), "low": low, "high": high}


def quantile(values: Any, at: float) -> float:
    return round(float(np.quantile(values, at)), 1)


if __name__ == "__main__":
    sys.exit(main())
