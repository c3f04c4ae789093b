"""Stored values of the embedded online store: the tables that Feast makes, one of each view, a row of each feature.

A row never replaces a newer one of its key: beside its features a key has a row VERSION, whose text says when they were
true, to the microsecond. Knows no Feast and no type of a feature.
"""

import sqlite3
import threading
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from feature_repo.online.newest import VERSION, event_of, spelled
from feature_repo.online.wire import PROJECT, WrittenRow, encoded_text, entity_key
from feature_repo.views import APPLY, View
from metier.errors import FeatureError
from metier.locks import exclusively

KEYS_AT_ONCE = 1_000
STRIPES = 64
UPSERT = """
INSERT INTO "{table}" (entity_key, feature_name, value, value_text, event_ts, created_ts) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (entity_key, feature_name) DO UPDATE SET value = excluded.value, value_text = excluded.value_text,
    event_ts = excluded.event_ts, created_ts = excluded.created_ts
"""


class SqliteRows:
    """The file at `path`, opened with the first question; waits up to `timeout_seconds` for who holds it."""

    def __init__(self, path: Path, timeout_seconds: float) -> None:
        self._path = path
        self._timeout_seconds = timeout_seconds
        self._connection: sqlite3.Connection | None = None
        self._opening = threading.Lock()

    def read(self, view_keys: Sequence[tuple[View, Sequence[str]]]) -> list[list[dict[str, bytes]]]:
        """By view and key, what is stored by feature, and its VERSION; empty where there is nothing.

        One statement a thousand keys.
        """
        longest = max((len(keys) for _, keys in view_keys), default=0)
        found: list[list[dict[str, bytes]]] = [[] for _ in view_keys]
        for start in range(0, longest, KEYS_AT_ONCE):
            part = [(view, keys[start : start + KEYS_AT_ONCE]) for view, keys in view_keys]
            for rows, more in zip(found, self._read(part), strict=True):
                rows += more
        return found

    def state(self) -> int | None:
        """What SQLite counts in a connection when others commit to the file: it is read by one that never writes."""
        ((state,),) = self._rows("PRAGMA data_version", [])
        return int(state)

    def stamps(self, view: View, keys: Sequence[str]) -> list[datetime | None]:
        """By key, the event timestamp of what is held; None where that is nothing."""
        stored = [entity_key(view.key, name) for name in keys]
        statement = (
            f'SELECT entity_key, value_text FROM "{_table(view)}" '
            f"WHERE feature_name = '{VERSION}' AND entity_key IN ({','.join('?' * len(stored))})"
        )
        versions = dict(self._rows(statement, stored))
        return [event_of(versions[key]) if key in versions else None for key in stored]

    def write(self, view: View, rows: Sequence[WrittenRow]) -> None:
        """Write the rows that are not older than what their keys hold, all of them or none."""
        with closing(self._connected()) as connection, connection:
            write_newest(connection, _table(view), rows)

    def remove(self, view: View, keys: Sequence[str]) -> None:
        """Hold nothing of these keys in this view."""
        stored = [[entity_key(view.key, name)] for name in keys]
        with closing(self._connected()) as connection, connection:
            connection.executemany(f'DELETE FROM "{_table(view)}" WHERE entity_key = ?', stored)

    @contextmanager
    def locked(self, names: Sequence[str]) -> Iterator[None]:
        """Hold the locks of some names; FeatureError where others held them for the store's timeout."""
        folder = self._path.with_suffix(".locks")
        folder.mkdir(exist_ok=True)
        stripes = sorted({zlib.crc32(name.encode()) % STRIPES for name in names})
        with ExitStack() as locks:
            for stripe in stripes:
                refusal = FeatureError(f"{folder}/{stripe} was held for {self._timeout_seconds:g} s; send this again")
                locks.enter_context(exclusively(folder / str(stripe), refusal, self._timeout_seconds))
            yield

    def close(self) -> None:
        """Let the file go."""
        with self._opening:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _read(self, view_keys: Sequence[tuple[View, Sequence[str]]]) -> list[list[dict[str, bytes]]]:
        keys = [[entity_key(view.key, name) for name in names] for view, names in view_keys]
        statement = " UNION ALL ".join(
            f"SELECT {number}, entity_key, feature_name, "
            f"CASE feature_name WHEN '{VERSION}' THEN CAST(value_text AS BLOB) ELSE value END "
            f'FROM "{_table(view)}" '
            f"WHERE entity_key IN ({','.join('?' * len(names))})"
            for number, (view, names) in enumerate(view_keys)
        )
        stored: dict[tuple[int, bytes], dict[str, bytes]] = defaultdict(dict)
        for number, key, feature, value in self._rows(statement, [key for of_view in keys for key in of_view]):
            stored[number, key][feature] = value
        return [[stored.get((number, key), {}) for key in of_view] for number, of_view in enumerate(keys)]

    def _rows(self, statement: str, keys: Sequence[bytes]) -> list[Any]:
        with self._opening:
            if self._connection is None:
                self._connection = self._connected()
            connection = self._connection
        try:
            return connection.execute(statement, keys).fetchall()
        except sqlite3.OperationalError as error:
            if str(error).startswith("no such table"):
                raise FeatureError(f"{self._path} has {error}; {APPLY}") from error
            raise

    def _connected(self) -> sqlite3.Connection:
        """A connection of its own: who reads sees nothing of a transaction before it is whole."""
        if not self._path.exists():
            raise FeatureError(f"there is no online store at {self._path}; {APPLY}")
        address = f"{self._path.absolute().as_uri()}?mode=rw"
        return sqlite3.connect(address, self._timeout_seconds, check_same_thread=False, uri=True)


def write_newest(connection: sqlite3.Connection, table: str, rows: Iterable[WrittenRow]) -> None:
    """Write the rows that are not older than what their keys hold, in the caller's transaction."""
    upsert = UPSERT.format(table=table)
    for key, values, event, created in rows:
        version = spelled(event, created)
        stamps = int(event.timestamp()), None if created is None else int(created.timestamp())
        noted = connection.execute(
            f"{upsert} WHERE excluded.value_text >= value_text",
            [key, VERSION, encoded_text(version), version, stamps[0], None],
        )
        if noted.rowcount == 1:
            features = [(key, name, content, text, *stamps) for name, (content, text) in values.items()]
            connection.executemany(upsert, features)


def _table(view: View) -> str:
    return f"{PROJECT}_{view.name}"
