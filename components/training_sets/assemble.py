"""Join queries and candidates with stored features as known at each query, and make ranking data sets of them.

Reads the store in blocks of whole queries, so that memory does not grow with the log. Knows no ranker and no metric;
what a feature is, feature_repo says.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from components.measures.arrays import Floats
from components.training_sets.dataset.ranking_dataset import RankingDataset
from components.training_sets.dataset.room import room
from components.training_sets.dataset.traced import TracedDataset, whole_queries
from components.training_sets.labels import Attribution, attribution
from components.training_sets.outcomes.funnel import HEADS
from components.training_sets.pseudo_queries import PseudoQueries
from components.training_sets.split import choose_heads
from feature_repo.hydrate import candidate_features, query_features, with_column
from feature_repo.inputs.asked import ReadText
from feature_repo.inputs.covisits import Covisits
from feature_repo.inputs.transforms import feature_names, model_inputs
from feature_repo.texts import TextVectors
from metier.contract import ATTRIBUTION_DAYS, Surface
from metier.errors import EmptyDataError, InputError
from metier.lake import Lake
from metier.surfaces import surface_spec

BLOCK_PAIRS = 262_144

Sample = Literal["recent", "uniform"]

TRACE = ("query_id", "candidate_id", "actor_id", "job_id", "event_timestamp", "shown_at", "placement")


class FeatureStore(Protocol):
    """What this module asks of feature_repo.client.FeatureStoreClient."""

    def training_features(self, entity_rows: pa.Table, views: Sequence[str]) -> pa.Table:
        """`entity_rows` (keys and event_timestamp) and, appended, `<view>__<feature>` as known then."""
        ...

    def covisits(self, surface: Surface) -> Covisits:
        """Which candidates the same actors turned to, by day."""
        ...


def assemble(
    surface: Surface,
    queries: pa.Table,
    pairs: pa.Table,
    store: FeatureStore,
    vectors: TextVectors,
    candidate_counts: bool = True,
    read: ReadText | None = None,
) -> Floats:
    """Model inputs (n_pairs, n_features) of the pairs, in their order, as known at their query's event_timestamp.

    queries: query_id, actor_id, job_id, event_timestamp, text and, where known, context. pairs: query_id, candidate_id
    and, on applicant_review, the columns of `applications`; contiguous by query, in the order of `queries`. `read`:
    what typed texts ask for.
    """
    position = pc.index_in(pairs["query_id"].combine_chunks(), value_set=queries["query_id"].combine_chunks())
    if position.null_count:
        absent = pairs["query_id"].filter(pc.is_null(position))[0].as_py()
        raise InputError(f"a pair belongs to query {absent!r}, which is not among the queries; pass that query too")
    query = position.to_numpy().astype(np.int64)
    if (np.diff(query) < 0).any():
        raise InputError("the pairs are not in the order of their queries; sort them by query first")
    actors, covisits = query_features(surface, queries, store.training_features), store.covisits(surface)
    matrix: Floats = room((len(query), len(feature_names(surface, candidate_counts))))
    for start, end in _blocks(query):
        first, last = int(query[start]), int(query[end - 1])
        block = pairs.slice(start, end - start)
        block = with_column(block, "event_timestamp", queries["event_timestamp"].take(pa.array(query[start:end])))
        matrix[start:end] = model_inputs(
            surface,
            actors.slice(first, last - first + 1),
            candidate_features(surface, block, store.training_features),
            query[start:end] - first,
            np.arange(end - start),
            vectors,
            covisits=covisits,
            candidate_counts=candidate_counts,
            read=read,
        )
    return matrix


def applications(lake: Lake, pairs: pa.Table, as_of: datetime, known_until: pa.ChunkedArray | None = None) -> pa.Table:
    """What is known at the query of the candidate's last application to the job; null where there is none.

    pairs: job_id, candidate_id, event_timestamp (of the query). application_age_hours: since then; application_order:
    how many others' last applications to the job came earlier. `known_until`: of each row the moment up to which
    applications count, where that is not the query's.
    """
    keys = pairs.select(["job_id", "candidate_id", "event_timestamp"])
    keys = keys.append_column("pair", pa.array(np.arange(pairs.num_rows)))
    keys = keys.append_column("known_until", keys["event_timestamp"] if known_until is None else known_until)
    with lake.connect(as_of) as connection:
        connection.register("pairs", keys)
        return connection.sql(
            """
            WITH moments AS (SELECT DISTINCT job_id, known_until FROM pairs), last AS (
                SELECT moments.*, freelancer_id, max(epoch_us(applied.event_timestamp)) AS applied_us
                FROM moments JOIN interactions applied USING (job_id)
                WHERE kind = 'apply' AND greatest(applied.event_timestamp, applied.recorded_at) <= known_until
                GROUP BY ALL
            ), ranked AS (
                SELECT *, rank() OVER (PARTITION BY job_id, known_until ORDER BY applied_us) - 1 AS earlier FROM last
            )
            SELECT (epoch_us(pairs.event_timestamp) - applied_us) / 3.6e9::DOUBLE AS application_age_hours,
                   earlier::DOUBLE AS application_order
            FROM pairs LEFT JOIN ranked ON ranked.job_id = pairs.job_id AND ranked.known_until = pairs.known_until
                 AND freelancer_id = candidate_id
            ORDER BY pair
            """
        ).to_arrow_table()


def build_training_set(
    surface: Surface,
    lake: Lake,
    store: FeatureStore,
    vectors: TextVectors,
    as_of: datetime,
    *,
    windows: Mapping[str, float] = ATTRIBUTION_DAYS,
    delays: Mapping[str, float] | None = None,
    heads: Sequence[str] | None = None,
    max_rows: int | None = None,
    sample: Sample = "recent",
    seed: int = 0,
    schema_hash: str | None = None,
    read: ReadText | None = None,
) -> TracedDataset:
    """The impression log of a surface as a data set: seen, unpromoted, mature rows with rank, propensity, outcomes.

    `windows` and recording `delays` in days by kind (default of the delays: those that the log shows). `heads` grade
    relevance and must be mature (default: those that leave half of the log to split, see split.choose_heads); the
    outcomes hold every head of the surface that has a positive, told of every row. Over `max_rows`, whole
    queries are dropped, the oldest or at random. Rows are ordered by time, query and displayed rank. Features that were
    logged as served, under `schema_hash`, are taken as they were; all others are rebuilt, with texts as `read` reads
    them.
    """
    with attribution(lake, as_of, surface, windows, delays) as credited:
        graded = _grade(credited, surface, as_of, heads)
        gap_days = max(credited.mature_days[head] for head in graded)
        counts = credited.counts()
        _require_mature(counts, surface, as_of, gap_days)
        rows = _sampled(credited, max_rows or counts[2], sample, seed)
        report = credited.report()
    queries = typed_queries(rows, lake, as_of)
    features = assemble(surface, queries, ranked_pairs(surface, rows, lake, as_of), store, vectors, read=read)
    as_served = _put_served(features, rows, lake, as_of, schema_hash)
    metadata = {
        "surface": surface,
        "as_of": as_of.isoformat(),
        "graded_heads": list(graded),
        "gap_days": gap_days,
        "mature_days": report["mature_days"],
        **_sizes(counts, rows.num_rows),
        "queries": queries.num_rows,
        "rows_as_served": as_served,
        "feature_service": f"{surface}_v1",
        "labels": report,
    }
    dropped = report["surfaces"][surface]["dropped_heads"]
    return TracedDataset(_dataset(surface, rows, features, dropped), rows.select(list(TRACE)), metadata)


def organic_training_set(
    surface: Surface, organic: PseudoQueries, store: FeatureStore, vectors: TextVectors, candidate_counts: bool = True
) -> TracedDataset:
    """Pseudo-queries as a data set. Its negatives are unlabelled, so it has no outcomes, ranks or propensities."""
    features = assemble(surface, organic.queries, organic.pairs, store, vectors, candidate_counts)
    dataset = RankingDataset(
        features=features,
        relevance=organic.pairs["relevance"].to_numpy(),
        query_id=organic.pairs["query_id"].to_numpy(),
        feature_names=feature_names(surface, candidate_counts),
    )
    queries = organic.queries.select(["actor_id", "job_id", "event_timestamp"]).take(pa.array(dataset.query_index))
    rows = organic.pairs.drop_columns(["relevance"])
    for name in queries.column_names:
        rows = rows.append_column(name, queries[name])
    return TracedDataset(dataset, rows, {"surface": surface, **organic.metadata})


def _grade(credited: Attribution, surface: Surface, as_of: datetime, heads: Sequence[str] | None) -> tuple[str, ...]:
    """Grade by `heads`, or by those that fit the log and have a positive; which they are."""
    graded = tuple(heads or ())
    if heads is None:
        if not credited.counts()[0]:
            raise EmptyDataError(
                f"no impression was seen on {surface} by {as_of.isoformat()}; import impressions first"
            )
        dropped = credited.report()["surfaces"][surface]["dropped_heads"]
        with_positives = [head for head in HEADS[surface] if head not in dropped] or HEADS[surface]
        graded = choose_heads(credited.moments(), as_of, with_positives, credited.mature_days)
    credited.grade(graded)
    return graded


def _sampled(credited: Attribution, most: int, sample: Sample, seed: int) -> pa.Table:
    """Mature, unpromoted rows of whole queries, `most` of them or fewer."""
    queries = credited.queries()
    chosen = whole_queries(queries["size"].to_numpy(), most, newest=sample == "recent", seed=seed)
    return credited.rows(queries["query_id"].take(pa.array(chosen)))


def _require_mature(counts: tuple[int, int, int], surface: Surface, as_of: datetime, gap: float) -> None:
    if counts[2] == 0:
        raise EmptyDataError(
            f"no mature impression on {surface} by {as_of.isoformat()}; train heads with shorter windows than "
            f"{gap:g} days or wait"
        )


def _sizes(counts: tuple[int, int, int], rows: int) -> dict[str, int]:
    """What became of the rows that were seen: all, not promoted, mature."""
    seen, organic, mature = counts
    return {
        "rows": rows,
        "immature_rows": organic - mature,
        "promoted_rows": seen - organic,
        "rows_over_the_limit": mature - rows,
    }


def _dataset(surface: Surface, rows: pa.Table, features: Floats, dropped: Sequence[str]) -> RankingDataset:
    return RankingDataset(
        features=features,
        relevance=rows["relevance"].to_numpy(),
        query_id=rows["query_id"].to_numpy(),
        feature_names=feature_names(surface),
        rank=rows["rank"].to_numpy(),
        propensity=rows["propensity"].to_numpy() if rows["propensity"].null_count < rows.num_rows else None,
        outcomes={head: rows[head].to_numpy() for head in HEADS[surface] if head not in dropped} or None,
    )


def typed_queries(rows: pa.Table, lake: Lake, as_of: datetime) -> pa.Table:
    """One row per query of `rows`, in their order, with the text that was typed and the context."""
    first = pc.index_in(rows["query_id"].unique(), value_set=rows["query_id"].combine_chunks())
    queries = rows.select(["query_id", "actor_id", "job_id", "event_timestamp"]).take(first)
    with lake.connect(as_of) as connection:
        connection.register("shown", queries.append_column("position", pa.array(np.arange(queries.num_rows))))
        return connection.sql(
            "SELECT shown.* EXCLUDE (position), queries.text, queries.context FROM shown JOIN queries USING (query_id) "
            "ORDER BY position"
        ).to_arrow_table()


def ranked_pairs(surface: Surface, rows: pa.Table, lake: Lake, as_of: datetime) -> pa.Table:
    """Query and candidate of `rows`; on applicant_review with what was known of each application."""
    pairs = rows.select(["query_id", "candidate_id"])
    if surface_spec(surface).retrieves:
        return pairs
    applied = applications(lake, rows, as_of)
    return pa.table({name: part[name] for part in (pairs, applied) for name in part.column_names})


def _put_served(features: Floats, rows: pa.Table, lake: Lake, as_of: datetime, schema_hash: str | None) -> int:
    """Put logged features into the rows that were served under `schema_hash`; how many."""
    pairs = rows.select(["query_id", "candidate_id"]).append_column("position", pa.array(np.arange(rows.num_rows)))
    with lake.connect(as_of) as connection:
        connection.register("pairs", pairs)
        served = connection.sql(
            "SELECT position, i.features FROM pairs JOIN impressions i USING (query_id, candidate_id) "
            "JOIN queries q USING (query_id) WHERE i.features IS NOT NULL AND q.feature_schema_hash = $schema_hash",
            params={"schema_hash": schema_hash},
        ).to_arrow_table()
    if served.num_rows:
        features[served["position"].to_numpy()] = np.array(served["features"].to_pylist(), dtype=np.float32)
    return int(served.num_rows)


def _blocks(query: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Ranges of pairs of whole queries, about BLOCK_PAIRS each (one query at least)."""
    ends = np.append(np.flatnonzero(np.diff(query)) + 1, len(query))
    start = 0
    while start < len(query):
        own, last = np.searchsorted(ends, [start, start + BLOCK_PAIRS], side="right")
        end = int(ends[max(own, last - 1)])
        yield start, end
        start = end
