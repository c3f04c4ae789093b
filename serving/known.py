"""Whom a replica knows, by release, changes since, and the online store: ids that nobody knows, who is suspended.

Knows no HTTP.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from feature_repo.hydrate import Read
from metier.contract import TIMESTAMP, Surface
from metier.surfaces import surface_spec
from serving.actor import require_active
from serving.candidates.clients import ChangedClients
from serving.stages import Stages

LOG = logging.getLogger(__name__)
KEYS = {"freelancers": "freelancer_id", "jobs": "job_id", "clients": "client_id"}


class KnownIds:
    """Of what is served now; `read` answers with what the online store holds."""

    def __init__(self, stages: Mapping[Surface, Stages], clients: ChangedClients, read: Read) -> None:
        self._stages = stages
        self._clients = clients
        self._read = read

    def unknown(self, rows: Sequence[Mapping[str, Any]], now: datetime) -> dict[str, int]:
        """How many ids of the rows nobody knows, by table; of none where the online store cannot tell."""
        counts = {table: len(self._unknown(table, rows, now)) for table in KEYS}
        return {table: count for table, count in counts.items() if count}

    def require_active(self, surface: Surface, actor_id: str) -> None:
        """SuspendedError for an actor that a release, or a change since, says is suspended."""
        side = surface_spec(surface).side
        require_active(side, actor_id, self._status(f"{side}s", actor_id))

    def _status(self, table: str, name: str) -> str | None:
        """None where neither a release nor a change since holds it."""
        if table == "clients":
            return self._clients.status(name)
        for surface, stages in self._stages.items():
            if surface_spec(surface).table == table:
                rows = stages.candidates.rows([name])
                (version,) = stages.candidates.versions(rows, ["status"])
                return version.get("status")
        return None

    def _unknown(self, table: str, rows: Sequence[Mapping[str, Any]], now: datetime) -> list[str]:
        named = dict.fromkeys(row[KEYS[table]] for row in rows if row.get(KEYS[table]))
        absent = self._not_served(table, list(named))
        if not absent:
            return []
        view = f"{table.removesuffix('s')}_profile"
        keys = pa.table({KEYS[table]: absent, "event_timestamp": pa.array([now] * len(absent), TIMESTAMP)})
        try:
            statuses = self._read(keys, [view])[f"{view}__status"].to_pylist()
        except Exception:
            LOG.warning("which %s are known could not be read", table, exc_info=True)
            return []
        return [name for name, status in zip(absent, statuses, strict=True) if status is None]

    def _not_served(self, table: str, ids: list[str]) -> list[str]:
        if table == "clients":
            return [name for name in ids if name not in self._clients]
        for surface, stages in self._stages.items():
            if surface_spec(surface).table == table:
                rows = stages.candidates.rows(ids)
                return [name for name, row in zip(ids, rows, strict=True) if row < 0]
        return ids
