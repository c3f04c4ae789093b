"""Stored features of changed candidates, in the columns and types of their release.

A profile is what the change says; what windows say of a candidate, or of a job's client, is as of the release where it
knows them, else what the online store holds, else unknown. Knows views and keys; no index and no ranker.
"""

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.language.taxonomy import Taxonomy, linked_skills
from feature_repo.hydrate import Read, candidate_features
from feature_repo.texts.text import card_text, text_key
from metier.changes import Change
from metier.surfaces import surface_spec
from serving.candidates.snapshot import CandidateSnapshot

LOG = logging.getLogger(__name__)


def changed_features(base: CandidateSnapshot, changes: Sequence[Change], read: Read, taxonomy: Taxonomy) -> pa.Table:
    """One row a change, of different candidates; skills of texts are those of the taxonomy."""
    moment = pa.array([change.row["recorded_at"] for change in changes], pa.timestamp("us", tz="UTC"))
    rows = pa.table({"candidate_id": [change.id for change in changes], "event_timestamp": moment})
    features = candidate_features(base.surface, rows, _ChangedViews(base, changes, read, taxonomy))
    return features.select(base.candidates.features.column_names).cast(base.candidates.features.schema)


class _ChangedViews:
    """Answers for views as a feature store does (hydrate.Read)."""

    def __init__(self, base: CandidateSnapshot, changes: Sequence[Change], read: Read, taxonomy: Taxonomy) -> None:
        self._base = base
        self._taxonomy = taxonomy
        self._changes = changes
        self._read = read
        self._spec = surface_spec(base.surface)
        self._released = base.candidates.features

    def __call__(self, rows: pa.Table, views: Sequence[str]) -> pa.Table:
        for view in views:
            names = [name for name in self._released.column_names if name.startswith(f"{view}__")]
            is_profile = view == self._spec.profile_view
            columns = self._profile(view, names) if is_profile else self._stored(rows, view, names)
            for name in names:
                rows = rows.append_column(name, columns[name])
        return rows

    def _profile(self, view: str, names: Sequence[str]) -> pa.Table:
        profiles = [
            {
                **change.row,
                "text_key": text_key(text_of(change)),
                "linked_skills": linked_skills(self._taxonomy, *words_of(change)),
            }
            for change in self._changes
        ]
        columns = {name: [row.get(name.removeprefix(f"{view}__")) for row in profiles] for name in names}
        return pa.table(
            {name: stored_as(values, self._released.schema.field(name).type) for name, values in columns.items()}
        )

    def _stored(self, rows: pa.Table, view: str, names: Sequence[str]) -> pa.Table:
        of_clients = view.startswith("client_")
        keys = rows["client_id" if of_clients else self._spec.key].to_pylist()
        released = self._rows_of_clients(keys) if of_clients else self._base.rows(keys)
        values = self._released.select(names)
        absent = np.flatnonzero((released < 0) & np.array([key is not None for key in keys], np.bool_))
        if len(absent):
            online = self._online(rows.take(pa.array(absent)), view, values.schema)
            released = released.copy()
            released[absent] = values.num_rows + np.arange(len(absent))
            values = pa.concat_tables([values, online])
        return values.take(pa.array(released, mask=released < 0))

    def _rows_of_clients(self, clients: Sequence[str | None]) -> npt.NDArray[np.int64]:
        """A row of the release whose job is the client's (n,), -1 where it holds none."""
        column = self._released["job_profile__client_id"]
        first = {client: -1 if client is None else pc.index(column, client).as_py() for client in set(clients)}
        return np.array([first[client] for client in clients], np.int64)

    def _online(self, rows: pa.Table, view: str, schema: pa.Schema) -> pa.Table:
        try:
            return self._read(rows, [view]).select(schema.names).cast(schema)
        except Exception:  # the store is down: these are unknown, the candidates are served
            LOG.warning("the online store failed", exc_info=True)
            return pa.table([pa.nulls(rows.num_rows, field.type) for field in schema], schema=schema)


def stored_as(values: list[Any], kind: pa.DataType) -> pa.Array:
    """The values as the store would give them: it holds whole seconds."""
    if pa.types.is_timestamp(kind):
        exact = pa.array(values, pa.timestamp("us", tz="UTC"))
        return pc.floor_temporal(exact, unit="second").cast(kind)
    return pa.array(values, kind)


def text_of(change: Change) -> str:
    """What a version is encoded and indexed by."""
    return card_text(*words_of(change))


def words_of(change: Change) -> tuple[str, str, list[str]]:
    """Title, prose and skills of a version."""
    row = change.row
    return row["title"], row["description" if change.table == "jobs" else "overview"], row["skills"]
