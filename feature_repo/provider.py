"""Feast's provider with the rules that rows keep at every other door of metier.

`store.push`, `write_to_online_store` and the feature server's /push come by here. A frame is checked whole before the
first store takes a row of it, since Feast writes the online store first and the offline one after it. Knows views and
clocks; not what a feature means.
"""

import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from feast import FeatureView, RepoConfig
from feast.data_source import DataSource
from feast.infra.passthrough_provider import PassthroughProvider
from feast.infra.provider import PROVIDERS_CLASS_FOR_TYPE
from feast.types import from_feast_to_pyarrow_type
from redis.exceptions import RedisError

from feature_repo.definitions import VIEWS
from metier.contract import EARLIEST, FUTURE_BY, TIMESTAMP
from metier.errors import FeatureError

PUSH_AGAIN = "nothing was written"


OURS = "feature_repo."
"""How the offline store is named whose views keep these rules."""


class MetierProvider(PassthroughProvider):
    """Feast's `local` provider wherever this module is imported, which the offline store does.

    Only for a provider of that name does Feast plan an `apply`, and say that nothing changes.
    """

    def ingest_df(self, feature_view: FeatureView, df: pd.DataFrame, field_mapping: dict | None = None) -> None:
        """Write the rows of a frame into the online store; FeatureError, and nothing written, where one cannot be."""
        if self._is_ours:
            checked_push(feature_view, df, datetime.now(UTC))
        try:
            super().ingest_df(feature_view, df, field_mapping)
        except (sqlite3.Error, RedisError) as error:
            raise FeatureError(
                f"the online store took no row of {feature_view.name} ({error}); see that it runs, then push them again"
            ) from error

    async def ingest_df_async(
        self, feature_view: FeatureView, df: pd.DataFrame, field_mapping: dict | None = None
    ) -> None:
        """As ingest_df; the stores write in the caller's thread."""
        self.ingest_df(feature_view, df, field_mapping)

    def ingest_df_to_offline_store(self, feature_view: FeatureView, table: pa.Table) -> None:
        """Write the rows beside the view's offline table, after the same check."""
        if self._is_ours:
            table = checked_push(feature_view, table.to_pandas(), datetime.now(UTC))
        super().ingest_df_to_offline_store(feature_view, table)

    def get_table_column_names_and_types_from_data_source(
        self, config: RepoConfig, data_source: DataSource
    ) -> Iterable[tuple[str, str]]:
        """Columns and types of a view's table as declared: it need not be built yet."""
        for view in VIEWS if self._is_ours else ():
            if view.batch_source.name == data_source.name:
                return [(field.name, str(field.type)) for field in push_schema(view)]
        columns: Iterable[tuple[str, str]] = super().get_table_column_names_and_types_from_data_source(
            config, data_source
        )
        return columns

    @property
    def _is_ours(self) -> bool:
        return str(self.repo_config.offline_store.type).startswith(OURS)


PROVIDERS_CLASS_FOR_TYPE["local"] = f"{__name__}.{MetierProvider.__name__}"


def push_schema(view: FeatureView) -> pa.Schema:
    """Columns of a row that is pushed: keys, features and both timestamps."""
    keys = [(key.name, from_feast_to_pyarrow_type(key.dtype)) for key in view.entity_columns]
    features = [(field.name, from_feast_to_pyarrow_type(field.dtype)) for field in view.features]
    return pa.schema([*keys, *features, *((name, TIMESTAMP) for name in _stamps(view))])


def checked_push(view: FeatureView, frame: pd.DataFrame, now: datetime) -> pa.Table:
    """The frame's rows in the columns of push_schema; FeatureError names the column or row that cannot be written."""
    schema = push_schema(view)
    missing = [name for name in schema.names if name not in frame.columns]
    unknown = [str(name) for name in frame.columns if name not in schema.names]
    if missing or unknown:
        fact = f"lacks the columns {missing}" if missing else f"has columns that the view does not have: {unknown}"
        raise FeatureError(f"a push to {view.name} {fact}; give each of {', '.join(schema.names)} ({PUSH_AGAIN})")
    columns = {field.name: _column(view, frame[field.name], field.type) for field in schema}
    for name in (*view.join_keys, *_stamps(view)):
        if columns[name].null_count:
            row = pc.index(columns[name].is_null(), True).as_py()
            raise FeatureError(f"row {row} of a push to {view.name} has no {name}; give it one ({PUSH_AGAIN})")
    for name in _stamps(view):
        _require_possible(view, name, columns[name], now)
    return pa.table(columns, schema=schema)


def _stamps(view: FeatureView) -> list[str]:
    """Names of the event timestamp and, where the view has one, of the created timestamp."""
    source = view.batch_source
    return [name for name in (source.timestamp_field, source.created_timestamp_column) if name]


def _column(view: FeatureView, values: pd.Series, kind: pa.DataType) -> pa.Array:
    try:
        if kind == TIMESTAMP:
            values = pd.to_datetime(values, utc=True)
        return pa.Array.from_pandas(values, type=kind, safe=False)
    except (pa.ArrowException, ValueError, TypeError, OverflowError) as error:
        reason = str(error).splitlines()[0]
        raise FeatureError(
            f"column {values.name} of a push to {view.name} is not {kind} ({reason}); convert it ({PUSH_AGAIN})"
        ) from error


def _require_possible(view: FeatureView, name: str, moments: pa.Array, now: datetime) -> None:
    between: dict[str, Any] = pc.min_max(moments).as_py()
    if between["max"] is not None and between["max"] > now + FUTURE_BY:
        raise FeatureError(
            f"a row of a push to {view.name} has {name} {between['max']:%Y-%m-%dT%H:%M:%SZ}, later than the clock by "
            f"more than {FUTURE_BY.seconds // 60} minutes; push it once it has happened ({PUSH_AGAIN})"
        )
    if between["min"] is not None and between["min"] < EARLIEST:
        raise FeatureError(
            f"a row of a push to {view.name} has {name} {between['min']:%Y-%m-%dT%H:%M:%SZ}, before {EARLIEST:%Y}; "
            f"correct its clock ({PUSH_AGAIN})"
        )
