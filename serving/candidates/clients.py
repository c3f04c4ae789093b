"""Clients as the change log has them, over what the online store holds of them.

A client that is new, or has changed, since features were last materialized asks as what it is now. Candidates go by
their release. Grown by one thread, read by any. Knows one feature view.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from feature_repo.hydrate import ReadRow
from feature_repo.views import client_profile
from metier.changes import Change
from serving.candidates.changed_features import stored_as


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

    def over(self, read: ReadRow) -> ReadRow:
        """`read`, with the profile of a changed client as it is now."""
        newest = self._newest

        def overlaid(query: Mapping[str, Any], views: Sequence[str]) -> dict[str, Any]:
            row = read(query, views)
            change = newest.get(query["client_id"]) if client_profile.name in views else None
            return row if change is None else row | _profile(change)

        return overlaid if newest else read


def _profile(change: Change) -> dict[str, Any]:
    """What the view of profiles would hold of a version."""
    values = zip(client_profile.features, client_profile.columns.items(), strict=True)
    return {name: stored_as([change.row.get(feature)], kind)[0].as_py() for feature, (name, kind) in values}
