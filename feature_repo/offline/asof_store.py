"""Feast offline store over Parquet files: point-in-time joins and pulls by DuckDB, equal to Feast's own stores.

Translates what Feast asks into reads of version tables, and nothing else; retrieval stays in Arrow until a caller asks
for pandas. Knows nothing of what the features mean, and writes only where a caller persists a data set.
"""

import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from feast import FeatureView, OnDemandFeatureView, RepoConfig
from feast.data_source import DataSource
from feast.errors import SavedDatasetLocationAlreadyExists
from feast.feature_view import DUMMY_ENTITY_ID, DUMMY_ENTITY_VAL
from feast.infra.offline_stores.file_source import FileSource, SavedDatasetFileStorage
from feast.infra.offline_stores.offline_store import OfflineStore, RetrievalJob, RetrievalMetadata
from feast.infra.registry.base_registry import BaseRegistry
from feast.repo_config import FeastConfigBaseModel
from feast.saved_dataset import SavedDatasetStorage
from pydantic import Field, StrictInt, StrictStr, field_validator

import feature_repo.provider  # noqa: F401 - its import is its work
from feature_repo.files.home import under_home
from feature_repo.offline import asof_entities
from feature_repo.offline.asof_read import VersionReader, ViewJoin, table_schema
from feature_repo.offline.asof_sql import VersionTable
from feature_repo.offline.ranges import require_past, warn_of_empty_range
from metier.durable import replacing
from metier.errors import FeatureError, first_line
from metier.own_ray import keep_on_loopback
from metier.settings import load_settings

PUSHED = "pushed"
"""Folder within a view's table of what was pushed into it; builds leave it alone."""


class AsofOfflineStoreConfig(FeastConfigBaseModel):
    """Settings of the offline store in feature_store.yaml."""

    type: StrictStr = "feature_repo.offline.asof_store.AsofOfflineStore"
    folder: StrictStr = Field(default="features", validate_default=True)
    """Where a relative FileSource path starts; itself relative to METIER_HOME."""
    memory_limit: StrictStr = "1500MB"
    """What DuckDB may hold before it spills."""
    threads: StrictInt = 1
    ray_partitions: StrictInt = Field(default=0, ge=0)
    """On how many partitions of the keys a join runs as Ray tasks, with equal output; 0 runs it in this process."""

    @field_validator("folder")
    @classmethod
    def _under_home(cls, folder: str) -> str:
        return under_home(folder)

    def reader(self) -> VersionReader:
        """What reads the tables; it spills beside them."""
        return VersionReader(self.memory_limit, self.threads, Path(self.folder) / ".spill")

    def as_of(self, entities: pa.Table, moment: str, joins: Sequence[ViewJoin], created_by_then: bool) -> pa.Table:
        """VersionReader.as_of, where the settings say."""
        if not self.ray_partitions:
            return self.reader().as_of(entities, moment, joins, created_by_then)
        if not load_settings().ray_address:
            keep_on_loopback()
        from feature_repo.offline import asof_ray  # Ray takes seconds to import

        return asof_ray.as_of(self.reader(), self.ray_partitions, entities, moment, joins, created_by_then)

    def path(self, source: DataSource | None) -> Path:
        """Where the source's Parquet file or folder of files lies."""
        if not isinstance(source, FileSource):
            raise FeatureError(f"the ASOF store cannot read a {type(source).__name__}; use a FileSource")
        return Path(self.folder) / str(source.path)


class AsofRetrievalJob(RetrievalJob):
    """A retrieval that runs when its answer is asked for."""

    def __init__(
        self,
        retrieve: Callable[[], pa.Table],
        folder: str,
        full_feature_names: bool = False,
        on_demand_feature_views: Sequence[OnDemandFeatureView] = (),
        metadata: RetrievalMetadata | None = None,
    ) -> None:
        self._retrieve = retrieve
        self._folder = Path(folder)
        self._full_feature_names = full_feature_names
        self._on_demand_feature_views = list(on_demand_feature_views)
        self._metadata = metadata

    def _to_arrow_internal(self, timeout: int | None = None) -> pa.Table:
        try:
            return self._retrieve()
        except duckdb.Error as error:
            raise FeatureError(
                f"the feature tables in {self._folder} could not be read ({first_line(error)}); build them "
                "again (`metier features build`)"
            ) from error

    def _to_df_internal(self, timeout: int | None = None) -> pd.DataFrame:
        return self._to_arrow_internal().to_pandas()

    @property
    def full_feature_names(self) -> bool:
        return self._full_feature_names

    @property
    def on_demand_feature_views(self) -> list[OnDemandFeatureView]:
        return self._on_demand_feature_views

    @property
    def metadata(self) -> RetrievalMetadata | None:
        return self._metadata

    def persist(self, storage: SavedDatasetStorage, allow_overwrite: bool = False, timeout: int | None = None) -> None:
        """Write the answer as one Parquet file; a relative path starts at the store's folder."""
        if not isinstance(storage, SavedDatasetFileStorage):
            raise FeatureError(f"a {type(storage).__name__} cannot hold this data set; use SavedDatasetFileStorage")
        path = self._folder / storage.file_options.uri
        if path.exists() and not allow_overwrite:
            raise SavedDatasetLocationAlreadyExists(location=str(path))
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(self.to_arrow(), path)


class AsofOfflineStore(OfflineStore):
    """Feast's offline store interface, answered by ASOF joins over Parquet files."""

    supports_filter_by_created_timestamp = True

    @staticmethod
    def get_historical_features(
        config: RepoConfig,
        feature_views: list[FeatureView],
        feature_refs: list[str],
        entity_df: pd.DataFrame | pa.Table | str | None,
        registry: BaseRegistry,
        project: str,
        full_feature_names: bool = False,
        filter_by_created_timestamp: bool = False,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
    ) -> RetrievalJob:
        """Newest feature values at each entity row's timestamp; `entity_df` may be an SQL query that DuckDB runs.

        Without entity rows: a row for each moment between the dates, both included, at which a version of a key begins.
        """
        store: AsofOfflineStoreConfig = config.offline_store
        joins = [_view_join(store, view, feature_refs, full_feature_names) for view in feature_views]
        if entity_df is None:
            entities = asof_entities.moments_of_versions(
                store.reader(), joins, start_date and _utc(start_date), end_date and _utc(end_date)
            )
        else:
            entities = asof_entities.entity_table(store.reader(), entity_df)
        moment = asof_entities.moment_column(entities.schema)
        asof_entities.require_columns(entities, moment, joins)
        entities = asof_entities.with_moments(asof_entities.with_keys_as_stored(entities, joins), moment)
        return AsofRetrievalJob(
            lambda: store.as_of(entities, moment, joins, filter_by_created_timestamp),
            store.folder,
            full_feature_names,
            OnDemandFeatureView.get_requested_odfvs(feature_refs, project, registry),
            asof_entities.retrieval_metadata(entities, moment, feature_refs),
        )

    @staticmethod
    def pull_latest_from_table_or_query(
        config: RepoConfig,
        data_source: DataSource,
        join_key_columns: list[str],
        feature_name_columns: list[str],
        timestamp_field: str,
        created_timestamp_column: str | None,
        start_date: datetime,
        end_date: datetime,
    ) -> RetrievalJob:
        """Each key's newest row with an event timestamp between the dates, both included."""
        store: AsofOfflineStoreConfig = config.offline_store
        versions = _versions(store, data_source, join_key_columns, timestamp_field, created_timestamp_column)
        require_past(_utc(end_date))
        if _utc(start_date) >= _utc(end_date):
            warn_of_empty_range(_utc(start_date), _utc(end_date))

        def newest() -> pa.Table:
            columns = _pulled(versions, feature_name_columns)
            return _keyed(versions, store.reader().newest(versions, columns, _utc(start_date), _utc(end_date)))

        return AsofRetrievalJob(newest, store.folder)

    @staticmethod
    def pull_all_from_table_or_query(
        config: RepoConfig,
        data_source: DataSource,
        join_key_columns: list[str],
        feature_name_columns: list[str],
        timestamp_field: str,
        created_timestamp_column: str | None = None,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
    ) -> RetrievalJob:
        """Every row with an event timestamp between the dates, both included; a date that is None is no limit."""
        store: AsofOfflineStoreConfig = config.offline_store
        versions = _versions(store, data_source, join_key_columns, timestamp_field, created_timestamp_column)
        start, end = start_date and _utc(start_date), end_date and _utc(end_date)

        def between() -> pa.Table:
            columns = _pulled(versions, feature_name_columns)
            return _keyed(versions, store.reader().between(versions, columns, start, end))

        return AsofRetrievalJob(between, store.folder)

    @staticmethod
    def offline_write_batch(
        config: RepoConfig, feature_view: FeatureView, table: pa.Table, progress: Callable[[int], object] | None
    ) -> None:
        """Keep pushed rows in a file of their own below the view's table, where every read finds them."""
        folder = config.offline_store.path(feature_view.batch_source) / PUSHED
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / f"{datetime.now(UTC):%Y-%m-%dT%H%M%S.%f}-{uuid.uuid4().hex[:8]}.parquet") as temporary:
            pq.write_table(table, temporary)
        if progress:
            progress(table.num_rows)

    def validate_data_source(self, config: RepoConfig, data_source: DataSource) -> None:
        """A table that is not built yet is no mistake; one without its timestamps is."""
        path = config.offline_store.path(data_source)
        declared = [data_source.timestamp_field, data_source.created_timestamp_column]
        missing = [name for name in declared if name and name not in table_schema(path).names] if path.exists() else []
        if missing:
            raise FeatureError(f"{path} lacks the timestamp columns {missing}; build the features again")

    def get_table_column_names_and_types_from_data_source(
        self, config: RepoConfig, data_source: DataSource
    ) -> Iterable[tuple[str, str]]:
        """Names and Arrow types of the table's columns."""
        return [(field.name, str(field.type)) for field in table_schema(config.offline_store.path(data_source))]


def _view_join(
    store: AsofOfflineStoreConfig, view: FeatureView, feature_refs: Sequence[str], full_feature_names: bool
) -> ViewJoin:
    """The join of one view. Names before the source's field mapping are the table's, names after it are Feast's."""
    source = view.batch_source
    original = {name: column for column, name in source.field_mapping.items()}
    prefix = view.projection.name_to_use() + ":"
    names = [ref.removeprefix(prefix) for ref in feature_refs if ref.startswith(prefix)]
    label = f"{view.projection.name_alias or view.name}__" if full_feature_names else ""
    keys = [column.name for column in view.entity_columns if column.name != DUMMY_ENTITY_ID]
    timestamp, created = source.timestamp_field, source.created_timestamp_column
    return ViewJoin(
        _versions(
            store,
            source,
            [original.get(key, key) for key in keys],
            original.get(timestamp, timestamp),
            original.get(created, created),
        ),
        tuple(view.projection.join_key_map.get(key, key) for key in keys),
        {original.get(name, name): label + name for name in names},
        view.ttl or timedelta(0),
    )


def _versions(
    store: AsofOfflineStoreConfig,
    source: DataSource | None,
    keys: Sequence[str],
    timestamp_field: str,
    created_timestamp_column: str | None,
) -> VersionTable:
    return VersionTable(str(store.path(source)), tuple(keys), timestamp_field, created_timestamp_column or None)


def _pulled(versions: VersionTable, features: Sequence[str]) -> list[str]:
    """Columns of a pull: keys, features and timestamps; all that the table has where Feast names no feature."""
    return [*versions.keys, *features, *versions.timestamps] if features else table_schema(Path(versions.path)).names


def _keyed(versions: VersionTable, rows: pa.Table) -> pa.Table:
    """Rows without a key get the placeholder under which Feast stores them."""
    if versions.keys:
        return rows
    return rows.append_column(DUMMY_ENTITY_ID, pa.repeat(DUMMY_ENTITY_VAL, rows.num_rows))


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
