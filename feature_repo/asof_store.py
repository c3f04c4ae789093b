"""Feast offline store over Parquet files: point-in-time joins and pulls by DuckDB, equal to Feast's own stores.

Translates what Feast asks into reads of version tables, and nothing else; retrieval stays in Arrow until somebody asks
for pandas. Knows nothing of what the features mean, and writes only where a caller persists a data set.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from feast import FeatureView, OnDemandFeatureView, RepoConfig
from feast.data_source import DataSource
from feast.errors import (
    EntityTimestampInferenceException,
    FeastEntityDFMissingColumnsError,
    SavedDatasetLocationAlreadyExists,
)
from feast.feature_view import DUMMY_ENTITY_ID, DUMMY_ENTITY_VAL
from feast.infra.offline_stores.file_source import FileSource, SavedDatasetFileStorage
from feast.infra.offline_stores.offline_store import OfflineStore, RetrievalJob, RetrievalMetadata
from feast.infra.registry.base_registry import BaseRegistry
from feast.repo_config import FeastConfigBaseModel
from feast.saved_dataset import SavedDatasetStorage
from pydantic import Field, StrictInt, StrictStr, field_validator

from feature_repo.asof_read import VersionReader, ViewJoin, table_schema
from feature_repo.asof_sql import VersionTable
from feature_repo.sqlite_home import under_home
from metier.errors import FeatureError

EVENT_TIMESTAMP = "event_timestamp"


class AsofOfflineStoreConfig(FeastConfigBaseModel):
    """Settings of the offline store in feature_store.yaml."""

    type: StrictStr = "feature_repo.asof_store.AsofOfflineStore"
    folder: StrictStr = Field(default="features", validate_default=True)
    """Where a relative FileSource path starts; itself relative to METIER_HOME."""
    memory_limit: StrictStr = "1500MB"
    """What DuckDB may hold before it spills."""
    threads: StrictInt = 1

    @field_validator("folder")
    @classmethod
    def _under_home(cls, folder: str) -> str:
        return under_home(folder)

    def reader(self) -> VersionReader:
        """What reads the tables; it spills beside them."""
        return VersionReader(self.memory_limit, self.threads, Path(self.folder) / ".spill")

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
        return self._retrieve()

    def _to_df_internal(self, timeout: int | None = None) -> pd.DataFrame:
        return self._retrieve().to_pandas()

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
        entity_df: pd.DataFrame | pa.Table | str,
        registry: BaseRegistry,
        project: str,
        full_feature_names: bool = False,
        filter_by_created_timestamp: bool = False,
    ) -> RetrievalJob:
        """Newest feature values at each entity row's timestamp; `entity_df` may be an SQL query that DuckDB runs."""
        store: AsofOfflineStoreConfig = config.offline_store
        joins = [_view_join(store, view, feature_refs, full_feature_names) for view in feature_views]
        entities = _entity_table(store, entity_df)
        moment = _moment_column(entities.schema)
        _require_columns(entities, moment, joins)
        return AsofRetrievalJob(
            lambda: store.reader().as_of(entities, moment, joins, filter_by_created_timestamp),
            store.folder,
            full_feature_names,
            OnDemandFeatureView.get_requested_odfvs(feature_refs, project, registry),
            _metadata(entities, moment, feature_refs),
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
        columns = [*join_key_columns, *feature_name_columns, *versions.timestamps]

        def newest() -> pa.Table:
            rows = store.reader().newest(versions, columns, _utc(start_date), _utc(end_date))
            if join_key_columns:
                return rows
            return rows.append_column(DUMMY_ENTITY_ID, pa.repeat(DUMMY_ENTITY_VAL, rows.num_rows))

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
        columns = [*join_key_columns, *feature_name_columns, *versions.timestamps]
        start, end = start_date and _utc(start_date), end_date and _utc(end_date)
        return AsofRetrievalJob(lambda: store.reader().between(versions, columns, start, end), store.folder)

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


def _entity_table(store: AsofOfflineStoreConfig, entity_df: pd.DataFrame | pa.Table | str) -> pa.Table:
    if isinstance(entity_df, pa.Table):
        return entity_df
    if isinstance(entity_df, pd.DataFrame):
        return pa.Table.from_pandas(entity_df, preserve_index=False).replace_schema_metadata(None)
    with store.reader().connect() as connection:
        return connection.sql(entity_df).to_arrow_table()


def _moment_column(schema: pa.Schema) -> str:
    """The column called event_timestamp, else the only one that holds timestamps."""
    if EVENT_TIMESTAMP in schema.names:
        return EVENT_TIMESTAMP
    timestamps = [str(field.name) for field in schema if pa.types.is_timestamp(field.type)]
    if len(timestamps) != 1:
        raise EntityTimestampInferenceException(EVENT_TIMESTAMP)
    return timestamps[0]


def _require_columns(entities: pa.Table, moment: str, joins: Sequence[ViewJoin]) -> None:
    expected = {moment, *(key for join in joins for key in join.entity_keys)}
    missing = expected - set(entities.column_names)
    if missing:
        raise FeastEntityDFMissingColumnsError(expected, missing)
    clashes = {name for join in joins for name in join.features.values()} & set(entities.column_names)
    if clashes:
        raise FeatureError(f"the entity rows already have columns {sorted(clashes)}; rename them or ask for full names")


def _metadata(entities: pa.Table, moment: str, feature_refs: Sequence[str]) -> RetrievalMetadata:
    moments = entities[moment].to_pandas()
    keys = [name for name in entities.column_names if name != moment]
    return RetrievalMetadata(list(feature_refs), keys, moments.min(), moments.max())


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
