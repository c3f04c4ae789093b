"""What the judge says of an evaluation's rankers: a section of the report, and no evidence."""

from datetime import datetime

import numpy as np
import pyarrow as pa

from components.evaluation.judged.audit import Bench
from components.evaluation.judged.store import read_agreement
from components.evaluation.logged_slates import K, ScoredSlates
from components.evaluation.measure import compared, measured
from components.evaluation.report.document import FigureTable, Section, show_interval
from components.measures import ndcg_at_k
from components.training_sets.dataset.traced import whole_queries
from metier.contract import Surface
from metier.settings import Settings

MOST_PAIRS = 6_000
TITLE = "Judged relevance"


def judged_section(slates: ScoredSlates, surface: Surface, settings: Settings, as_of: datetime) -> Section | None:
    """NDCG@10 of every ranker by the judge's grades on held-out queries drawn at random.

    None where the judge was not audited on the surface, or agrees less than METIER_JUDGE_LEAST_KAPPA asks.
    """
    agreement = read_agreement(settings.judgements)
    if agreement is None:
        return None
    bench = Bench.by_rules(settings, as_of)
    agreed = agreement.on(surface)
    if agreed is None or not agreement.may_inform(surface, bench.judge.name, settings.judge_least_kappa):
        return None
    sizes = slates.held_out.dataset.group_sizes
    drawn = whole_queries(sizes, MOST_PAIRS, newest=False, seed=0)
    rows = np.flatnonzero(np.isin(slates.held_out.dataset.query_index, drawn))
    pairs = slates.held_out.rows.select(["query_id", "candidate_id"]).take(pa.array(rows))
    grade = {
        (case.query_id, candidate.id): judgement.grade
        for case, judgements in bench.judged(surface, pairs)
        for candidate, judgement in judgements
        if judgement is not None
    }
    ids = zip(pairs["query_id"].to_pylist(), pairs["candidate_id"].to_pylist(), strict=True)
    grades = np.array([grade.get(pair, np.nan) for pair in ids])
    known = ~np.isnan(grades)
    query = slates.held_out.dataset.query_index[rows][known]
    values = {name: ndcg_at_k(grades[known], score[rows][known], query, K) for name, score in slates.scores.items()}
    actors = np.asarray(slates.held_out.queries()["actor_id"].to_pylist())[np.unique(query)]
    facts = (
        ("queries", len(np.unique(query))),
        ("pairs not judged", int((~known).sum())),
        ("weighted kappa with known grades", show_interval(agreed.weighted_kappa)),
        ("weighted kappa asked for, low end", settings.judge_least_kappa),
    )
    return Section(
        TITLE,
        f"Grades of the judge `{agreement.judge}` by its rubric, for information alone: no decision reads them.",
        measured("ndcg@10", values, actors),
        compared("ndcg@10", values, actors, "ensemble", [slates.baseline]),
        (FigureTable("The judge", ("fact", "value"), facts),),
    )
