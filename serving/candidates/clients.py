"""Clients as the change log has them, over what the online store holds of them.

A client that is new, or has changed, since features were last materialized asks as what it is now. Candidates go by
their release. Grown by one thread, read by any. Knows one feature view.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from feature_repo.hydrate import Read
from metier.changes import Change
from serving.candidates.changed_features import stored_as

VIEW = "client_profile"


class ChangedClients:
    """The newest version of each client in the change log, (event_timestamp, recorded_at) deciding."""

    def __init__(self) -> None:
        self._newest: dict[str, Change] = {}

    def __contains__(self, client_id: str) -> bool:
        return client_id in self._newest

    def take(self, changes: Sequence[Change]) -> None:
        """Count in `changes`; those of other tables are passed over."""
        newest = dict(self._newest)
        for change in changes:
            if change.table != "clients":
                continue
            known = newest.get(change.id)
            if known is None or change.version > known.version:
                newest[change.id] = change
        self._newest = newest

    def forget(self) -> None:
        """Begin anew: changes were taken out of the log."""
        self._newest = {}

    def status(self, client_id: str) -> str | None:
        """The status of a client that changed; None of any other."""
        change = self._newest.get(client_id)
        return None if change is None else str(change.row["status"])

    def statuses(self) -> dict[str, str]:
        """The status of each client that changed."""
        return {client: change.row["status"] for client, change in self._newest.items()}

    def over(self, read: Read) -> Read:
        """`read`, with the profiles of changed clients as they are now."""
        newest = self._newest
        if not newest:
            return read

        def overlaid(rows: pa.Table, views: Sequence[str]) -> pa.Table:
            stored = read(rows, views)
            if VIEW not in views:
                return stored
            changes = [newest.get(client) for client in rows["client_id"].to_pylist()]
            return _overlaid(stored, [None if change is None else change.row for change in changes])

        return overlaid


def _overlaid(stored: pa.Table, versions: Sequence[Mapping[str, Any] | None]) -> pa.Table:
    """The table with the profile columns of the rows that have a version."""
    if not any(versions):
        return stored
    for position, name in enumerate(stored.column_names):
        if not name.startswith(f"{VIEW}__"):
            continue
        column, feature = stored[name].to_pylist(), name.removeprefix(f"{VIEW}__")
        values = [
            value if version is None else version.get(feature) for value, version in zip(column, versions, strict=True)
        ]
        stored = stored.set_column(position, name, stored_as(values, stored.schema.field(name)))
    return stored
