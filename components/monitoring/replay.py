"""Rebuild the features of served impressions from the lake, as they were known when they were served, and compare.

Stored features are those of the release that a query names (snapshot_version) and what was pushed since: of candidates
up to the change it names, of who asks up to the query, vectors of texts up to that change. Windows of who asks are of a
later build where the query's context says so, since values are online before replicas have their candidates. What
depends on time uses the query's own moment. The bundle that ranked (policy) gives text weights and names. A value that
a person took part in who was forgotten since cannot be rebuilt: where it differs it counts as redacted. Reads the lake
and the bundles; keeps nothing. What came into the lake by another way than the endpoint, between a release and a query,
serving could not know: it shows as mismatches.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.measures.arrays import Floats
from components.monitoring.as_known import AsHappened, AsKnown, as_known, changed_until, released_at
from components.monitoring.lost import Lost
from components.releases import Bundle
from components.releases.release_builder import encoded_texts, vectors_by
from components.training_sets.assemble import applications
from feature_repo.build.feature_tables import VECTORS
from feature_repo.hydrate import candidate_features, logged_windows, query_features
from feature_repo.inputs.encoded import CandidateColumns, QueryColumns
from feature_repo.inputs.transforms import pair_matrix
from feature_repo.texts import TextVectors
from metier.contract import TIMESTAMP, Surface, surface
from metier.errors import EmptyDataError
from metier.lake import Lake
from metier.settings import Settings
from metier.surfaces import surface_spec

SHOWN = 5


@dataclass(frozen=True)
class Mismatch:
    """A value that was served differently from how it is rebuilt."""

    query_id: str
    candidate_id: str
    feature: str
    served: float
    rebuilt: float


@dataclass(frozen=True)
class ReplayReport:
    """How many impressions and values were compared, those that differ, and those that a forgotten person explains."""

    impressions: int
    values: int
    mismatches: int
    examples: tuple[Mismatch, ...]
    redacted: int = 0

    def render(self) -> str:
        """Lines for a person."""
        head = (
            f"{self.impressions:,} served impressions rebuilt, {self.values:,} values, {self.mismatches:,} mismatches"
        )
        gone = [f"{self.redacted:,} more values were redacted: somebody who took part in them was forgotten"]
        return "\n".join([head, *(gone if self.redacted else []), *(f"  {example}" for example in self.examples)])


def replay(settings: Settings, most: int, as_happened: bool = False) -> ReplayReport:
    """Compare the newest `most` impressions that were logged with features; EmptyDataError where there is none.

    `as_happened` rebuilds them from rows by event_timestamp, as if each had been recorded when it happened: what was
    late then makes values differ.
    """
    lake = AsHappened(settings.lake) if as_happened else Lake(settings.lake)
    served = _served(Lake(settings.lake), most)
    if served.num_rows == 0:
        raise EmptyDataError("the lake holds no served impression with features; run `metier import events` first")
    mismatches: list[Mismatch] = []
    values = count = redacted = 0
    lost = Lost.of(Lake(settings.lake))
    for group, rebuilt, names in _rebuilt(settings, lake, served):
        logged = np.array(group["features"].to_pylist(), dtype=np.float32)
        differs = ~((logged == rebuilt) | (np.isnan(logged) & np.isnan(rebuilt)))
        explained = differs & lost.of_values(group, names)
        differs &= ~explained
        values, count = values + logged.size, count + int(differs.sum())
        redacted += int(explained.sum())
        for row, column in np.argwhere(differs)[:SHOWN]:
            query, candidate = (group[name][int(row)].as_py() for name in ("query_id", "candidate_id"))
            pair = float(logged[row, column]), float(rebuilt[row, column])
            mismatches.append(Mismatch(query, candidate, names[column], *pair))
    return ReplayReport(served.num_rows, values, count, tuple(mismatches[:SHOWN]), redacted)


def _served(lake: Lake, most: int) -> pa.Table:
    """Impressions with what their query says, the moment of its release and that of the newest change it counted."""
    with lake.connect() as connection:
        rows = connection.sql(
            "SELECT q.query_id, q.surface, q.actor_id, q.job_id, q.text, q.context, q.policy, q.snapshot_version, "
            "q.event_timestamp, i.candidate_id, i.rank, i.features "
            "FROM impressions i JOIN queries q USING (query_id) "
            "WHERE i.features IS NOT NULL AND q.snapshot_version IS NOT NULL "
            "ORDER BY q.event_timestamp DESC, q.query_id, i.rank LIMIT $most",
            params={"most": most},
        ).to_arrow_table()
    versions = rows["snapshot_version"].to_pylist()
    rows = rows.append_column("released_at", pa.array(map(released_at, versions), TIMESTAMP))
    windows = [str(logged_windows(context)) for context in rows["context"].to_pylist()]
    rows = rows.append_column("windows", pa.array(windows, pa.string()))
    return rows.append_column("changed_until", pa.array(map(changed_until, versions), TIMESTAMP))


def _rebuilt(settings: Settings, lake: Lake, served: pa.Table) -> Iterator[tuple[pa.Table, Floats, tuple[str, ...]]]:
    """(rows, their rebuilt features, names) by release and bundle."""
    corpus = TextVectors.read(settings.features / VECTORS)
    latest = max(pc.max(served[moment]).as_py() for moment in ("event_timestamp", "changed_until"))
    encoded_texts(corpus, lake, latest)
    later = (moment for context in served["context"].to_pylist() for moment in logged_windows(context).values())
    builds = [*served["released_at"].unique().to_pylist(), *later]
    with as_known(settings, lake, builds, latest) as stores:
        for policy in served["policy"].unique().to_pylist():
            ranked = served.filter(pc.equal(served["policy"], policy))
            bundle = _bundle(settings, policy)
            vectors = vectors_by(bundle.text_weights, corpus, lake, latest)
            for build in ranked.group_by(["released_at", "windows"]).aggregate([]).to_pylist():
                released, windows = (pc.equal(ranked[name], build[name]) for name in ("released_at", "windows"))
                rows = ranked.filter(pc.and_(released, windows))
                yield rows, _features(bundle, rows, lake, stores, vectors), bundle.manifest.feature_names


def _features(bundle: Bundle, rows: pa.Table, lake: Lake, stores: AsKnown, vectors: TextVectors) -> Floats:
    """(n_rows, n_features) of impressions of one release to actors of the same builds, in their order."""
    name: Surface = surface(bundle.manifest.surface)
    until = rows["changed_until"]
    as_of, windows = rows["released_at"][0].as_py(), logged_windows(rows["context"][0].as_py())
    own = stores.read(as_of, rows["event_timestamp"], until, windows)
    queries = stores.with_texts(query_features(name, rows.drop_columns(["features"]), own), until)
    pairs = rows.select(["candidate_id", "event_timestamp"])
    known = stores.read(as_of, stores.candidates_until(name, pairs, until))
    if not surface_spec(name).retrieves:
        applied = applications(lake, rows, pc.max(until).as_py(), until)
        for column in applied.column_names:
            pairs = pairs.append_column(column, applied[column])
    candidates = stores.with_texts(candidate_features(name, pairs, known), until)
    typed = sorted({text for text in rows["text"].to_pylist() if text and text.strip()})
    embeddings = dict(zip(typed, bundle.encoder.encode_queries(typed), strict=True))
    row = np.arange(rows.num_rows)
    columns = (
        QueryColumns.encode(name, queries, vectors, embeddings, bundle.reader),
        CandidateColumns.encode(name, candidates, vectors, stores.covisits(as_of, name)),
    )
    return pair_matrix(name, *columns, row, row, bundle.manifest.feature_names)


def _bundle(settings: Settings, policy: str) -> Bundle:
    """The bundle with that label among this machine's copies."""
    for folder in sorted(settings.bundles.glob("*/*")):
        if (folder / "manifest.json").exists():
            bundle = Bundle.load(folder)
            if bundle.version == policy:
                return bundle
    raise EmptyDataError(f"bundle {policy} is not in {settings.bundles}; serve it from here, or copy it there")
