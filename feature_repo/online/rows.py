"""Stored features of the online store without Feast's client: value by value what `get_online_features` answers.

One statement or one pipeline a question. As there, a value counts however old its timestamp is: no view expires (see
definitions.py). Knows what views are called, and their types; nothing of requests.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Protocol

import pyarrow as pa

from feature_repo.online.sqlite_rows import SqliteRows
from feature_repo.online.valkey_rows import ValkeyRows
from feature_repo.online.wire import decoded, field_of
from feature_repo.views import View, view_of
from metier.settings import Settings


class StoredRows(Protocol):
    """A store of values as Feast writes them."""

    def read(self, view_keys: Sequence[tuple[View, Sequence[str]]]) -> list[list[dict[str, bytes]]]:
        """By view and key, what is stored by feature; empty where there is nothing."""
        ...

    def close(self) -> None:
        """Let files and connections go."""
        ...


class OnlineRows:
    """The online store of a METIER_HOME, as hydrate.Read and hydrate.ReadRow ask it. Safe to share between threads.

    `timeout_seconds` is the longest wait for one answer.
    """

    def __init__(self, settings: Settings, timeout_seconds: float) -> None:
        self._store: StoredRows
        if settings.online_store_url:
            self._store = ValkeyRows(settings.online_store_url, timeout_seconds)
        else:
            self._store = SqliteRows(settings.home / "online_store.db", timeout_seconds)

    def row(self, query: Mapping[str, Any], views: Sequence[str]) -> dict[str, Any]:
        """The query and, by full name, the values of its keys; None where the store has none."""
        chosen = [view_of(name) for name in views]
        found = self._store.read([(view, [query[view.key] or ""]) for view in chosen])
        row = dict(query)
        for view, (stored,) in zip(chosen, found, strict=True):
            row |= _values(view, stored)
        return row

    def table(self, rows: pa.Table, views: Sequence[str]) -> pa.Table:
        """`rows` and, appended by full name, the values of their keys; null where the store has none."""
        chosen = [view_of(name) for name in views]
        found = self._store.read([(view, rows[view.key].fill_null("").to_pylist()) for view in chosen])
        columns: dict[str, pa.Array] = {}
        for view, stored in zip(chosen, found, strict=True):
            values = [_values(view, of_key) for of_key in stored]
            columns |= {name: pa.array([row[name] for row in values], kind) for name, kind in view.columns.items()}
        return pa.table([*rows.columns, *columns.values()], names=[*rows.column_names, *columns])

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
