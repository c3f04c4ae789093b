"""Put back what the offline table holds of some keys, whatever was pushed into the online store since."""

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from feature_repo.client import BEGINNING, FeatureStoreClient, declared_view
from feature_repo.online.rows import OnlineRows
from feature_repo.views import View, view_of


def restore(client: FeatureStoreClient, name: str, keys: Sequence[str], now: datetime) -> list[str]:
    """Put the newest offline rows of keys in place of what the store holds, even of newer rows; the keys restored.

    A key without an offline row up to `now` holds nothing afterwards. UnknownNameError for a view that is none.
    """
    view, online = view_of(name), OnlineRows(client.settings)
    rows = _offline_rows(client, view, pa.array(keys, pa.string()), now).to_pylist()
    try:
        online.remove(view, keys)
        online.write(view, rows)
    finally:
        online.close()
    return [row[view.key] for row in rows]


def _offline_rows(client: FeatureStoreClient, view: View, keys: pa.Array, now: datetime) -> pa.Table:
    store = client.store
    source = declared_view(view.name).batch_source
    newest = store.provider.offline_store.pull_latest_from_table_or_query(
        store.config,
        source,
        [view.key],
        list(view.features),
        source.timestamp_field,
        source.created_timestamp_column,
        BEGINNING,
        now,
    ).to_arrow()
    return newest.filter(pc.is_in(newest[view.key], value_set=keys))
