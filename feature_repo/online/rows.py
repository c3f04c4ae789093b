"""The online store without Feast's client: what is read is value by value what `get_online_features` answers.

One statement or one pipeline a question; what is written is what Feast would write, where it is not older. As there, a
value counts however old its timestamp is: no view expires (see definitions.py). Knows what views are called, and their
types; nothing of requests.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import cache
from typing import Any, Protocol

import pyarrow as pa

from feature_repo.hydrate import HELD_AS_OF
from feature_repo.online.kept import Kept
from feature_repo.online.newest import VERSION, event_of
from feature_repo.online.sqlite_rows import SqliteRows
from feature_repo.online.wire import WrittenRow, decoded, encoded, entity_key, field_of
from feature_repo.views import View, view_of
from metier.settings import Settings


class StoredRows(Protocol):
    """A store of values as Feast writes them."""

    def read(self, view_keys: Sequence[tuple[View, Sequence[str]]]) -> list[list[dict[str, bytes]]]:
        """By view and key, what is stored by feature, and its VERSION; empty where there is nothing."""
        ...

    def state(self) -> int | None:
        """Another number after each change of what is stored; None where the store does not say."""
        ...

    def stamps(self, view: View, keys: Sequence[str]) -> list[datetime | None]:
        """By key, the event timestamp of what is held; None where that is nothing."""
        ...

    def write(self, view: View, rows: Sequence[WrittenRow]) -> None:
        """Write the rows that are not older than what their keys hold."""
        ...

    def remove(self, view: View, keys: Sequence[str]) -> None:
        """Hold nothing of these keys in this view."""
        ...

    def locked(self, names: Sequence[str]) -> AbstractContextManager[None]:
        """Hold the locks of some names; FeatureError where others held them for the store's timeout."""
        ...

    def close(self) -> None:
        """Let files and connections go."""
        ...


class OnlineRows:
    """The online store of a METIER_HOME, as hydrate.Read and hydrate.ReadRow ask it. Safe to share between threads.

    `timeout_seconds` is the longest wait for one answer, by default for batch work.
    """

    def __init__(self, settings: Settings, timeout_seconds: float = 30.0) -> None:
        self._store: StoredRows
        if settings.online_store_url:
            from feature_repo.online.valkey_rows import ValkeyRows  # its client is large

            self._store = ValkeyRows(settings.online_store_url, timeout_seconds)
        else:
            self._store = SqliteRows(settings.home / "online_store.db", timeout_seconds)
        self.stamps, self.remove, self.locked = self._store.stamps, self._store.remove, self._store.locked
        self._kept: Kept[dict[str, Any]] = Kept()

    def row(self, query: Mapping[str, Any], views: Sequence[str]) -> dict[str, Any]:
        """The query and, by full name, the values of its keys; None where the store has none.

        Under HELD_AS_OF, when each of the views has them from: {view: moment}. Values are shared between rows: do not
        change them.
        """
        keys = tuple(query[view_of(name).key] or "" for name in views)
        stored = self._kept.get((tuple(views), keys), self._store.state(), lambda: self._stored(views, keys))
        return {**query, **stored}

    def _stored(self, views: Sequence[str], keys: Sequence[str]) -> dict[str, Any]:
        """By full name, the values of one key of each view, and HELD_AS_OF."""
        chosen = [view_of(name) for name in views]
        found = self._store.read([(view, [key]) for view, key in zip(chosen, keys, strict=True)])
        row: dict[str, Any] = {}
        as_of: dict[str, datetime] = {}
        for view, (stored,) in zip(chosen, found, strict=True):
            row |= _values(view, stored)
            if VERSION in stored:
                as_of[view.name] = event_of(stored[VERSION].decode())
        return row | {HELD_AS_OF: as_of}

    def table(self, rows: pa.Table, views: Sequence[str]) -> pa.Table:
        """`rows` and, appended by full name, the values of their keys; null where the store has none."""
        chosen = [view_of(name) for name in views]
        found = self._store.read([(view, rows[view.key].fill_null("").to_pylist()) for view in chosen])
        columns: dict[str, pa.Array] = {}
        for view, stored in zip(chosen, found, strict=True):
            values = [_values(view, of_key) for of_key in stored]
            columns |= {name: pa.array([row[name] for row in values], kind) for name, kind in view.columns.items()}
        return pa.table([*rows.columns, *columns.values()], names=[*rows.column_names, *columns])

    def held(self, view: View, keys: Sequence[str]) -> list[dict[str, Any]]:
        """By key, the values of the view's features by their own names; none where the store has nothing."""
        (found,) = self._store.read([(view, keys)])
        names = dict(zip(view.columns, view.features, strict=True))
        rows = [_values(view, stored) if stored else {} for stored in found]
        return [{names[name]: value for name, value in row.items()} for row in rows]

    def write(self, view: View, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write rows of the key, the features and both timestamps of a view, unless a newer one is held of the key."""
        self._store.write(
            view,
            [
                WrittenRow(
                    entity_key(view.key, row[view.key]),
                    {name: encoded(kind, row[name]) for name, kind in view.features.items()},
                    row["event_timestamp"],
                    row["recorded_at"],
                )
                for row in rows
            ],
        )

    def close(self) -> None:
        """Let files and connections go."""
        self._store.close()


def _values(view: View, stored: Mapping[str, bytes]) -> dict[str, Any]:
    return {
        name: None if (content := stored.get(feature)) is None else decoded(content, kind, expected)
        for feature, name, kind, expected in _columns(view)
    }


@cache
def _columns(view: View) -> tuple[tuple[str, str, pa.DataType, str], ...]:
    """Feature, full name, type and stored field of every column."""
    names = zip(view.features, view.columns.items(), strict=True)
    return tuple((feature, name, kind, field_of(kind)) for feature, (name, kind) in names)
