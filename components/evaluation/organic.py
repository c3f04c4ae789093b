"""Full ranking of organic targets: every test actor against every candidate of then, by the leave-last-out protocol.

The held-out folder names the positives and which of them are targets; features come from the store as known just
before each target, the baselines from the positives that are no target. Nothing is specific to a data set.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy import sparse

from components.evaluation.baselines import ContentSimilarity, ItemToItem, Popularity, history_matrix
from components.evaluation.champion import CHAMPION, Champion
from components.evaluation.full_ranking import ScoreActors, TargetRanks, blocks, rank_targets
from components.evaluation.measure import compared, measured, order
from components.evaluation.report.document import FigureTable, Section
from components.measures.arrays import Floats, IntArray, Mask
from components.ranking import Ensemble, Ranker
from components.training_sets.assemble import FeatureStore, assemble
from components.training_sets.build import POSITIVES_FILE, SAMPLES_FILE
from components.training_sets.dataset.checked import row_blocks
from components.training_sets.dataset.room import room
from components.training_sets.leave_last_out import FullRanking, full_ranking
from components.training_sets.outcomes.maturity import microseconds
from components.training_sets.plan import Study
from components.training_sets.pseudo_queries import FOREVER, CandidatePool, queries_before
from components.training_sets.unknown import of_known_candidates
from feature_repo.hydrate import query_features
from feature_repo.texts import TextVectors
from metier.contract import Surface

K = 10
BASELINES = ("tf-idf", "tf-idf (description)", "popularity", "item-to-item")
PAIRS_AT_ONCE = 131_072
"""Pairs whose features are in memory together (those of one actor at least)."""
MOST_PAIRS = 9_000_000
"""Above this, a seeded sample of the test actors is ranked, and the report says so."""


@dataclass(frozen=True)
class Catalogue:
    """Every candidate of the lake, in the order of `ids`; its card texts, by the baseline that reads them.

    since (n_candidates,): the microsecond from which the candidate was there to be found, as `there_since` has it.
    """

    ids: tuple[str, ...]
    cards: dict[str, list[str]]
    since: IntArray


@dataclass(frozen=True)
class Ranked:
    """Scores (n_actors, n_candidates) by ranker over the whole catalogue, and what was ranked."""

    ranking: FullRanking
    scores: dict[str, Floats]
    absent: Mask
    """(n_actors, n_candidates): not there yet when the actor asked, so not ranked."""
    positives: pa.Table
    test_actors: int
    """Test actors of whom those ranked are a sample."""

    @property
    def sample(self) -> str:
        """Which test actors were ranked, for a reader; empty where all were."""
        ranked = len(self.ranking.actors)
        if ranked == self.test_actors:
            return ""
        most = f"so that at most {MOST_PAIRS:,} pairs are ranked"
        return f"{ranked:,} of {self.test_actors:,} test actors, drawn evenly at random, {most}"


Progress = Callable[[str], None]
"""Receives a line for a person now and then while a long evaluation runs."""
Retrieve = Callable[[Surface, pa.Table], Floats]
"""(surface, queries with stored features) -> scores (n_queries, n_candidates)."""


@dataclass(frozen=True)
class Sources:
    """Where features and the scores of retrieval come from, and who hears of progress."""

    store: FeatureStore
    vectors: TextVectors
    retrieve: Retrieve
    progress: Progress


def score_everything(
    study: Study,
    held_out: Path,
    catalogue: Catalogue,
    rankers: Mapping[str, Ranker | Ensemble],
    sources: Sources,
    champion: Champion | None = None,
) -> Ranked:
    """Score all candidates for all (or MOST_PAIRS worth of) test actors with every ranker, baseline and the champion.

    Positives of candidates that the catalogue lacks are neither targets nor history.
    """
    positives = of_known_candidates(pq.read_table(held_out / POSITIVES_FILE), pa.array(catalogue.ids, pa.string()))
    targets = positives["is_test"].to_numpy()
    test = _sampled(targets, MOST_PAIRS // len(catalogue.ids))
    ranking = full_ranking(positives, test, catalogue.ids)
    trained = positives.filter(pc.and_(pc.invert(positives["is_test"]), _countable(positives, study)))
    scores = _baselines(ranking, catalogue, trained)
    queries = queries_before(positives.take(pa.array(ranking.row)))
    scores["retrieval"] = _retrieved(study, queries, sources)
    names = (*rankers, *((CHAMPION,) if champion else ()))
    scores |= {name: room((len(ranking.actors), len(ranking.candidates))) for name in names}
    actors_at_once = max(1, PAIRS_AT_ONCE // len(ranking.candidates))
    for number, block in enumerate(row_blocks(len(ranking.actors), actors_at_once)):
        asked = queries.slice(block.start, actors_at_once)
        pairs = _pairs(asked, ranking.candidates)
        features = assemble(study.surface, asked, pairs, sources.store, sources.vectors, study.candidate_counts)
        for name, ranker in rankers.items():
            scores[name][block] = order(ranker, features).reshape(-1, len(ranking.candidates))
        if champion:
            given = champion.scores(features, asked, pairs, sources.store)
            scores[CHAMPION][block] = given.reshape(-1, len(ranking.candidates))
        if number % 10 == 0:
            sources.progress(f"ranked {block.start:,} of {len(ranking.actors):,} actors")
    return Ranked(ranking, scores, _absent(ranking, catalogue, queries), positives, int(targets.sum()))


def there_since(ids: Sequence[str], pool: CandidatePool) -> IntArray:
    """(n_candidates,) first microsecond in which each was posted, or listed: from ever without a date, else never."""
    position = {candidate: row for row, candidate in enumerate(ids)}
    since = np.full(len(ids), FOREVER)
    for candidate, moment in zip(np.asarray(pool.ids)[pool.owner].tolist(), pool.since.tolist(), strict=True):
        if candidate in position:
            since[position[candidate]] = min(since[position[candidate]], moment)
    return since


def section(study: Study, ranked: Ranked, title: str, note: str, protocol_pool: bool) -> Section:
    """HR@10 and NDCG@10; over the candidates of actors with two or more (`protocol_pool`), or over the whole lake."""
    pool = _protocol_pool(ranked) if protocol_pool else np.ones(len(ranked.ranking.candidates), dtype=np.bool_)
    ranks = {name: _target_ranks(ranked, score, pool) for name, score in ranked.scores.items()}
    actors = np.asarray(ranked.ranking.actors)
    hits = {name: target.hit_rate_at(K) for name, target in ranks.items()}
    gains = {name: target.ndcg_at(K) for name, target in ranks.items()}
    against = tuple(name for name in hits if name != "ensemble")
    facts = (
        ("actors", ranked.sample or len(actors)),
        ("candidates ranked", int(pool.sum())),
        ("pairs left out, candidate not there yet", f"{ranked.absent[:, pool].mean():.1%}"),
        ("targets nobody had touched", _cold(ranked)),
    )
    return Section(
        title,
        f"{note} Ranked: {ranked.sample}." if ranked.sample else note,
        (*measured("hr@10", hits, actors), *measured("ndcg@10", gains, actors)),
        (
            *compared("hr@10", hits, actors, "ensemble", against),
            *compared("ndcg@10", gains, actors, "ensemble", against),
        ),
        (FigureTable("What was ranked", ("fact", "value"), facts),),
    )


def samples(held_out: Path) -> dict[str, str]:
    """Which positives train and validate, by part, as the build of the sets left it."""
    path = held_out / SAMPLES_FILE
    read: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return read


def strongest_baseline(section: Section) -> str:
    """The baseline, of those that know nothing of the rankers, with the highest HR@10."""
    figures = {row.ranker: row.interval.value for row in section.measured if row.metric == "hr@10"}
    baselines = [name for name in figures if name in BASELINES]
    return max(baselines, key=lambda name: figures[name])


def _retrieved(study: Study, queries: pa.Table, sources: Sources) -> Floats:
    return sources.retrieve(study.surface, query_features(study.surface, queries, sources.store.training_features))


def _pairs(queries: pa.Table, candidates: tuple[str, ...]) -> pa.Table:
    """Every query with every candidate."""
    return pa.table(
        {
            "query_id": pc.take(queries["query_id"], pa.array(np.repeat(np.arange(queries.num_rows), len(candidates)))),
            "candidate_id": pa.array(list(candidates) * queries.num_rows, pa.string()),
        }
    )


def _baselines(ranking: FullRanking, catalogue: Catalogue, trained: pa.Table) -> dict[str, Floats]:
    everyone = trained["actor_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    touched = np.searchsorted(ranking.candidates, np.asarray(trained["candidate_id"].to_pylist(), dtype=np.str_))
    crowd = history_matrix(everyone, touched, int(everyone.max(initial=-1)) + 1, len(ranking.candidates))
    own = _history(ranking)
    scores = {
        "popularity": _of_all(Popularity.fit(crowd), ranking),
        "item-to-item": _of_all(ItemToItem.fit(crowd, own), ranking),
    }
    for name, texts in catalogue.cards.items():
        scores[name] = _of_all(ContentSimilarity.fit(texts, own), ranking)
    return scores


def _of_all(score: ScoreActors, ranking: FullRanking) -> Floats:
    """A baseline's scores (n_actors, n_candidates), some actors at a time."""
    scores: Floats = room((len(ranking.actors), len(ranking.candidates)))
    for block in row_blocks(len(scores), max(1, PAIRS_AT_ONCE // scores.shape[1])):
        scores[block] = score(np.arange(block.start, block.stop))
    return scores


def _history(ranking: FullRanking) -> Any:
    return history_matrix(
        ranking.history_actor, ranking.history_candidate, len(ranking.actors), len(ranking.candidates)
    )


def _target_ranks(ranked: Ranked, score: Floats, pool: NDArray[np.bool_]) -> TargetRanks:
    columns, ranking = np.flatnonzero(pool), ranked.ranking
    position = np.cumsum(pool) - 1
    left_out = _history(ranking)[:, columns] + sparse.csr_array(ranked.absent[:, columns])
    return rank_targets(blocks(lambda actor: score[actor][:, columns], left_out, position[ranking.target]))


def _absent(ranking: FullRanking, catalogue: Catalogue, queries: pa.Table) -> Mask:
    """What was not there yet when each actor asked, but for what the actor then turned to."""
    since = catalogue.since[np.argsort(np.asarray(catalogue.ids))]
    absent: Mask = since > microseconds(queries["event_timestamp"])[:, None]
    absent[np.arange(len(absent)), ranking.target] = False
    return absent


def _protocol_pool(ranked: Ranked) -> NDArray[np.bool_]:
    """Candidates touched by actors with two or more."""
    counts = ranked.positives.group_by("actor_id").aggregate([("candidate_id", "count")])
    several = counts.filter(pc.greater_equal(counts["candidate_id_count"], 2))["actor_id"]
    rows = ranked.positives.filter(pc.is_in(ranked.positives["actor_id"], value_set=several.combine_chunks()))
    return np.isin(np.asarray(ranked.ranking.candidates), np.unique(rows["candidate_id"].to_pylist()))


def _cold(ranked: Ranked) -> int:
    """Targets that no other positive touched before."""
    rows = ranked.positives.take(pa.array(ranked.ranking.row))
    first = ranked.positives.group_by("candidate_id").aggregate([("event_timestamp", "min")])
    earliest = dict(zip(first["candidate_id"].to_pylist(), first["event_timestamp_min"].to_pylist(), strict=True))
    targets = zip(rows["candidate_id"].to_pylist(), rows["event_timestamp"].to_pylist(), strict=True)
    return sum(earliest[candidate] >= moment for candidate, moment in targets)


def _countable(positives: pa.Table, study: Study) -> Any:
    """Rows a baseline may count: all but the targets, and on a time split only those that trained."""
    return positives["is_train"] if study.protocol == "time_split" else pc.invert(positives["is_test"])


def _sampled(test: NDArray[np.bool_], most: int, seed: int = 0) -> NDArray[np.bool_]:
    rows = np.flatnonzero(test)
    if len(rows) > most:
        rows = np.random.default_rng(seed).choice(rows, max(most, 1), replace=False)
    chosen = np.zeros(len(test), dtype=np.bool_)
    chosen[rows] = True
    return chosen
