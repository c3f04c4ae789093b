"""The candidates of logged queries in a bundle's order, as a TREC run. Reads features as known at each query."""

from datetime import datetime

import pyarrow as pa

from components.evaluation.measure import order
from components.ranking_files.trec import Run
from components.releases import Bundle, open_registry
from components.releases.aliases import trained_bundles
from components.training_sets.assemble import assemble, ranked_pairs, typed_queries
from feature_repo.build.feature_tables import read_vectors
from feature_repo.client import FeatureStoreClient
from feature_repo.inputs.schema import feature_schema_hash
from metier.contract import Surface
from metier.errors import EmptyDataError, FeatureMismatchError
from metier.lake import Lake
from metier.settings import Settings


def trained_bundle(settings: Settings, surface: Surface) -> Bundle:
    """The champion, or the challenger where there is none; EmptyDataError where none is trained."""
    registry = open_registry(settings)
    chosen = trained_bundles(registry).get(surface)
    if chosen is None:
        raise EmptyDataError(f"no bundle of {surface} is trained; run `metier pipeline run training` first")
    pin = chosen.bundle
    folder = registry.fetch(pin.name, pin.version, pin.sha256)
    return Bundle.load(folder, pin.sha256, ranker_classes=settings.ranker_classes)


def bundle_run(bundle: Bundle, settings: Settings, as_of: datetime, pairs: pa.Table) -> Run:
    """What the bundle gives the pairs (query_id, candidate_id, contiguous by query) of logged queries.

    FeatureMismatchError where the home's features are others than the bundle was trained on.
    """
    surface, lake, vectors = bundle.manifest.surface, Lake(settings.lake), read_vectors(settings)
    names = bundle.ensemble.feature_names
    if feature_schema_hash(names, vectors.weights, bundle.encoder.hash) != bundle.manifest.feature_schema_hash:
        raise FeatureMismatchError(
            f"{bundle.version} reads other features than this home has built; train again, or build features for it"
        )
    with lake.connect(as_of) as connection:
        connection.register("pairs", pairs.append_column("position", pa.array(range(pairs.num_rows))))
        rows = connection.sql(
            "SELECT query_id, candidate_id, actor_id, job_id, event_timestamp FROM pairs JOIN queries USING (query_id) "
            "ORDER BY position"
        ).to_arrow_table()
    features = assemble(
        surface,
        typed_queries(rows, lake, as_of),
        ranked_pairs(surface, rows, lake, as_of),
        FeatureStoreClient(settings),
        vectors,
        bundle.manifest.candidate_counts,
        read=bundle.reader,
    )
    run: Run = {}
    scores = order(bundle.ensemble, features).tolist()
    for query, candidate, score in zip(
        rows["query_id"].to_pylist(), rows["candidate_id"].to_pylist(), scores, strict=True
    ):
        run.setdefault(query, {})[candidate] = score
    return run
