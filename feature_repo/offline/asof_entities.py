"""The entity rows of a retrieval as Feast hands them over: a frame, an Arrow table or a query, told apart and checked.

Names what is missing or in the way before anything is read. Knows no Feast store and reads no feature table.
"""

from collections.abc import Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from feast.errors import EntityTimestampInferenceException, FeastEntityDFMissingColumnsError
from feast.infra.offline_stores.offline_store import RetrievalMetadata

from feature_repo.offline.asof_read import VersionReader, ViewJoin
from metier.errors import FeatureError

EVENT_TIMESTAMP = "event_timestamp"


def entity_table(reader: VersionReader, entity_df: pd.DataFrame | pa.Table | str) -> pa.Table:
    """The rows in Arrow; a string is an SQL query that DuckDB runs."""
    if isinstance(entity_df, pa.Table):
        return entity_df
    if isinstance(entity_df, pd.DataFrame):
        return pa.Table.from_pandas(entity_df, preserve_index=False).replace_schema_metadata(None)
    with reader.connect() as connection:
        return connection.sql(entity_df).to_arrow_table()


def moment_column(schema: pa.Schema) -> str:
    """The column called event_timestamp, else the only one that holds timestamps."""
    if EVENT_TIMESTAMP in schema.names:
        return EVENT_TIMESTAMP
    timestamps = [str(field.name) for field in schema if pa.types.is_timestamp(field.type)]
    if len(timestamps) != 1:
        raise EntityTimestampInferenceException(EVENT_TIMESTAMP)
    return timestamps[0]


def require_columns(entities: pa.Table, moment: str, joins: Sequence[ViewJoin]) -> None:
    """Refuse rows that lack a join key or already have a column of a feature's name."""
    expected = {moment, *(key for join in joins for key in join.entity_keys)}
    missing = expected - set(entities.column_names)
    if missing:
        raise FeastEntityDFMissingColumnsError(expected, missing)
    clashes = {name for join in joins for name in join.features.values()} & set(entities.column_names)
    if clashes:
        raise FeatureError(f"the entity rows already have columns {sorted(clashes)}; rename them or ask for full names")


def retrieval_metadata(entities: pa.Table, moment: str, feature_refs: Sequence[str]) -> RetrievalMetadata:
    """What Feast keeps of a retrieval that becomes a saved data set."""
    moments = pc.min_max(entities[moment]).as_py()
    keys = [name for name in entities.column_names if name != moment]
    return RetrievalMetadata(list(feature_refs), keys, moments["min"], moments["max"])
