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
from feast import FeatureView, RepoConfig
from feast.data_source import DataSource
from feast.infra.passthrough_provider import PassthroughProvider
from feast.infra.provider import PROVIDERS_CLASS_FOR_TYPE
from redis.exceptions import RedisError

from feature_repo.definitions import VIEWS
from feature_repo.entity_keys import required_keys
from feature_repo.pushed import checked_push, push_schema
from metier.errors import FeatureError

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

    def get_online_features(self, config: RepoConfig, features: Any, entity_rows: Any, *asked: Any, **more: Any) -> Any:
        """Feast's own, for keys that may be some; FeatureError names the row without one."""
        keys = required_keys(entity_rows) if self._is_ours else entity_rows
        return super().get_online_features(config, features, keys, *asked, **more)

    async def get_online_features_async(
        self, config: RepoConfig, features: Any, entity_rows: Any, *asked: Any, **more: Any
    ) -> Any:
        """As get_online_features."""
        keys = required_keys(entity_rows) if self._is_ours else entity_rows
        return await super().get_online_features_async(config, features, keys, *asked, **more)

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
