"""Stored values of the embedded online store: the tables that Feast writes, one of each view, a row of each feature.

Knows no Feast and no type of a feature.
"""

import sqlite3
import threading
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from feature_repo.online.wire import PROJECT, entity_key
from feature_repo.views import APPLY, View
from metier.errors import FeatureError

KEYS_AT_ONCE = 1_000


class SqliteRows:
    """The file at `path`, opened with the first question; waits up to `timeout_seconds` for who holds it."""

    def __init__(self, path: Path, timeout_seconds: float) -> None:
        self._path = path
        self._timeout_seconds = timeout_seconds
        self._connection: sqlite3.Connection | None = None
        self._opening = threading.Lock()

    def read(self, view_keys: Sequence[tuple[View, Sequence[str]]]) -> list[list[dict[str, bytes]]]:
        """By view and key, what is stored by feature; empty where there is nothing. One statement a thousand keys."""
        longest = max((len(keys) for _, keys in view_keys), default=0)
        found: list[list[dict[str, bytes]]] = [[] for _ in view_keys]
        for start in range(0, longest, KEYS_AT_ONCE):
            part = [(view, keys[start : start + KEYS_AT_ONCE]) for view, keys in view_keys]
            for rows, more in zip(found, self._read(part), strict=True):
                rows += more
        return found

    def _read(self, view_keys: Sequence[tuple[View, Sequence[str]]]) -> list[list[dict[str, bytes]]]:
        keys = [[entity_key(view.key, name) for name in names] for view, names in view_keys]
        statement = " UNION ALL ".join(
            f'SELECT {number}, entity_key, feature_name, value FROM "{PROJECT}_{view.name}" '
            f"WHERE entity_key IN ({','.join('?' * len(names))})"
            for number, (view, names) in enumerate(view_keys)
        )
        stored: dict[tuple[int, bytes], dict[str, bytes]] = defaultdict(dict)
        for number, key, feature, value in self._rows(statement, [key for of_view in keys for key in of_view]):
            stored[number, key][feature] = value
        return [[stored.get((number, key), {}) for key in of_view] for number, of_view in enumerate(keys)]

    def _rows(self, statement: str, keys: Sequence[bytes]) -> list[tuple[int, bytes, str, bytes]]:
        try:
            return self._opened().execute(statement, keys).fetchall()
        except sqlite3.OperationalError as error:
            if str(error).startswith("no such table"):
                raise FeatureError(f"{self._path} has {error}; {APPLY}") from error
            raise

    def _opened(self) -> sqlite3.Connection:
        with self._opening:
            if self._connection is None:
                if not self._path.exists():
                    raise FeatureError(f"there is no online store at {self._path}; {APPLY}")
                self._connection = sqlite3.connect(
                    f"{self._path.absolute().as_uri()}?mode=rw",
                    self._timeout_seconds,
                    isolation_level=None,
                    check_same_thread=False,
                    uri=True,
                )
            return self._connection

    def close(self) -> None:
        """Let the file go."""
        with self._opening:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
