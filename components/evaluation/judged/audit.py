"""Audit a judge: grade logged pairs whose grade is known, by people or in a simulated world, and compare."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa

from components.evaluation.judged.agreement import Agreement, GradedPair, Known, SurfaceAgreement, agreement_on
from components.evaluation.judged.cases import (
    Case,
    Reading,
    cases_of,
    known_queries,
    pairs_of,
    sampled_queries,
    shown_pairs,
)
from components.evaluation.judged.store import people
from components.evaluation.truth import has_truth, off_profile, true_relevance
from components.language.judge import Candidate, FactsReader, Judge, Judgement, ModelJudge, RuleJudge, rubric_digest
from components.language.models import ChatModel
from components.language.understanding import Grammar, exchange_of
from components.training_sets.reading import trained_taxonomy
from feature_repo.texts.text import analyze
from metier.contract import SURFACES, Surface
from metier.errors import EmptyDataError
from metier.lake import Lake
from metier.settings import Settings

RARE = 0.25
"""Categories that together hold so many of the queries, the smallest first, are rare."""


@dataclass(frozen=True)
class Bench:
    """A judge with the lake that it judges, as known at `as_of`."""

    judge: Judge
    lake: Lake
    reading: Reading
    as_of: datetime

    @classmethod
    def by_rules(cls, settings: Settings, as_of: datetime) -> "Bench":
        """The deterministic judge of a home."""
        reading, facts = _readers(settings, as_of)
        return cls(RuleJudge(facts, reading.exchange), Lake(settings.lake), reading, as_of)

    @classmethod
    def by_model(cls, model: ChatModel, settings: Settings, as_of: datetime) -> "Bench":
        """A language model as judge of a home."""
        reading, facts = _readers(settings, as_of)
        judge = ModelJudge(model, facts, reading.exchange, settings.llm_timeout_seconds)
        return cls(judge, Lake(settings.lake), reading, as_of)

    def judged(
        self, surface: Surface, pairs: pa.Table
    ) -> Iterator[tuple[Case, list[tuple[Candidate, Judgement | None]]]]:
        """Each query of the pairs (query_id, candidate_id) with a judgement for each candidate."""
        for case in cases_of(self.lake, self.as_of, surface, pairs, self.reading):
            yield case, list(zip(case.candidates, self.judge.judge(case.asking, case.candidates), strict=True))


def _readers(settings: Settings, as_of: datetime) -> tuple[Reading, FactsReader]:
    """How a home reads texts, and the facts of rows."""
    exchange = exchange_of(settings.exchange_rates)
    taxonomy = trained_taxonomy(settings, as_of)
    reading = Reading(taxonomy, exchange, Grammar(taxonomy, exchange))
    return reading, FactsReader(taxonomy, lambda text: analyze(text, settings.language))


def audit(bench: Bench, settings: Settings, queries: int, seed: int = 0) -> Agreement:
    """Agreement on each surface that has known grades: people's where they judged any pair of it, else the truth.

    EmptyDataError where there are none at all.
    """
    own = people(settings.judgements)
    judged_by_people = pairs_of(own)
    found: list[SurfaceAgreement] = []
    for surface in SURFACES:
        pairs, known = judged_by_people, own
        if not known_queries(bench.lake, bench.as_of, own, surface):
            if not has_truth(settings.truth):
                continue
            pairs = shown_pairs(
                bench.lake, bench.as_of, sampled_queries(bench.lake, surface, bench.as_of, queries, seed)
            )
            known = {}
        if pairs.num_rows:
            found.append(_on_surface(bench, settings, surface, pairs, known))
    if not found:
        raise EmptyDataError("no grade is known here; import people's judgements: metier judge import FILE")
    return Agreement(bench.judge.name, rubric_digest(), bench.as_of, tuple(found))


def _on_surface(
    bench: Bench, settings: Settings, surface: Surface, pairs: pa.Table, own: dict[str, dict[str, float]]
) -> SurfaceAgreement:
    cases = list(bench.judged(surface, pairs))
    graded = [(case, judgement) for case, judgements in cases for _, judgement in judgements if judgement is not None]
    unjudged = sum(len(judgements) for _, judgements in cases) - len(graded)
    if not graded:
        raise EmptyDataError(
            f"{bench.judge.name} judged none of {unjudged} pairs of {surface}; a model has to answer by the schema, "
            "within METIER_LLM_TIMEOUT_SECONDS and METIER_LLM_TOKENS_PER_MINUTE"
        )
    ids = [case.query_id for case, _ in graded]
    source: Known = "people" if own else "truth"
    if own:
        known = [own[case.query_id][judgement.candidate_id] for case, judgement in graded]
        strays: list[bool | None] = [None] * len(graded)
    else:
        candidates = [judgement.candidate_id for _, judgement in graded]
        known = np.rint(true_relevance(settings.truth, ids, candidates)).tolist()  # NaN: not of the simulated log
        strays = off_profile(settings.truth, ids).tolist()
    rare = _rare_categories([case for case, _ in cases])
    rows = [
        GradedPair(case.query_id, judgement.grade, int(grade), _slices(case, stray, rare))
        for (case, judgement), grade, stray in zip(graded, known, strays, strict=True)
        if not math.isnan(grade)
    ]
    return agreement_on(surface, source, rows, unjudged)


def _slices(case: Case, strays: bool | None, rare: frozenset[str]) -> dict[str, str]:
    """Label by slice; `strays`: whether a text is about another trade than the asker's, None where nobody knows."""
    asking = case.asking
    of = {(True, True): "text and job", (True, False): "text", (False, True): "job", (False, False): "profile"}
    slices = {"asked by": of[bool(asking.text), asking.job is not None]}
    if category := _category(case):
        slices["category"] = "rare" if category in rare else "common"
    if asking.text and strays is not None:
        slices["text"] = "off profile" if strays else "on profile"
    return slices


def _category(case: Case) -> str | None:
    row = case.asking.job or case.asking.freelancer
    return row["category"] if row else None


def _rare_categories(cases: Sequence[Case]) -> frozenset[str]:
    counts = Counter(category for case in cases if (category := _category(case)))
    rare, held = set[str](), 0
    for category, count in sorted(counts.items(), key=lambda item: (item[1], item[0])):
        held += count
        if held > RARE * counts.total():
            break
        rare.add(category)
    return frozenset(rare)
