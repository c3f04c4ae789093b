"""The entity rows of a retrieval as Feast hands them over: a frame, an Arrow table or a query, told apart and checked.

Names what is missing or in the way before anything is read. Knows no Feast store and reads no feature table.
"""

import contextlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from feast.errors import EntityTimestampInferenceException, FeastEntityDFMissingColumnsError
from feast.infra.offline_stores.offline_store import RetrievalMetadata

from feature_repo.offline.asof_read import VersionReader, ViewJoin, table_schema
from metier.contract import TIMESTAMP
from metier.errors import FeatureError

EVENT_TIMESTAMP = "event_timestamp"


def entity_table(reader: VersionReader, entity_df: pd.DataFrame | pa.Table | str) -> pa.Table:
    """The rows in Arrow; a string is an SQL query that DuckDB runs."""
    if isinstance(entity_df, pa.Table):
        return entity_df
    if isinstance(entity_df, pd.DataFrame):
        return pa.Table.from_pandas(entity_df, preserve_index=False).replace_schema_metadata(None)
    try:
        with reader.connect() as connection:
            return connection.sql(entity_df).to_arrow_table()
    except duckdb.Error as error:
        raise FeatureError(f"the query of the entity rows failed ({error}); correct its SQL") from error


def moments_of_versions(
    reader: VersionReader, joins: Sequence[ViewJoin], start: datetime | None, end: datetime | None
) -> pa.Table:
    """Keys and event_timestamp of every version between two moments, both included; FeatureError where keys differ."""
    keys = joins[0].entity_keys
    for join in joins:
        if join.entity_keys != keys:
            raise FeatureError(
                f"views of {', '.join(keys)} and of {', '.join(join.entity_keys)} have no rows in common; pass "
                "entity_df, the keys and moments that are meant, or ask for views of one entity"
            )
    tables = [
        reader.between(join.versions, [*join.versions.keys, join.versions.event_timestamp], start, end)
        for join in joins
    ]
    rows = pa.concat_tables([table.rename_columns([*keys, EVENT_TIMESTAMP]) for table in tables])
    return (
        rows.group_by([*keys, EVENT_TIMESTAMP])
        .aggregate([])
        .sort_by([(name, "ascending") for name in (EVENT_TIMESTAMP, *keys)])
    )


def with_keys_as_stored(entities: pa.Table, joins: Sequence[ViewJoin]) -> pa.Table:
    """The rows with whole-number keys as the text that the tables hold; FeatureError for keys of another type."""
    for join in joins:
        schema = table_schema(Path(join.versions.path))
        for stored, name in zip(join.versions.keys, join.entity_keys, strict=True):
            position, kind = entities.column_names.index(name), entities.schema.field(name).type
            if not pa.types.is_string(schema.field(stored).type) or _is_text(kind):
                continue
            if not (pa.types.is_integer(kind) or pa.types.is_null(kind) or not entities.num_rows):
                raise FeatureError(
                    f"column {name} of the entity rows is {kind}, and the ids of {name} are text; convert it to text"
                )
            entities = entities.set_column(position, name, entities[name].cast(pa.string()))
    return entities


def with_moments(entities: pa.Table, moment: str) -> pa.Table:
    """The rows with timestamps; FeatureError where the column holds something else, such as epochs."""
    position, kind = entities.column_names.index(moment), entities.schema.field(moment).type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return entities
    told = f"column {moment} of the entity rows is {kind} and no timestamp"
    if entities.num_rows and not (_is_text(kind) or pa.types.is_null(kind)):
        raise FeatureError(f"{told}; convert it, as pandas.to_datetime(..., unit='s', utc=True) does with epochs")
    for spelled in (TIMESTAMP, pa.timestamp("us")):  # with a zone, or all without one, which is UTC
        with contextlib.suppress(pa.ArrowInvalid):
            return entities.set_column(position, moment, entities[moment].cast(pa.string()).cast(spelled))
    raise FeatureError(f"{told}; write ISO 8601, such as 2026-03-01T12:00:00Z")


def _is_text(kind: pa.DataType) -> bool:
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return value in (pa.string(), pa.large_string(), pa.string_view())


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
