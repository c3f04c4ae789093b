"""Values of the online store between two builds: a version's profile, an actor's history, as the next build has them.

The rules are those of sql/*_profile.sql and sql/*_history.sql, and the fold is the same code; a test holds the two
equal. Rows are of the contract. A store that fails raises; whoever calls decides what that costs. Knows no lake.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from feast import FeatureView
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast.type_map import feast_value_type_to_python_type, python_values_to_proto_values

from components.language.taxonomy import Taxonomy, linked_skills, shipped_taxonomy
from feature_repo import definitions
from feature_repo.build.histories import fingerprint, inserted
from feature_repo.client import BEGINNING, FeatureStoreClient, declared_view
from feature_repo.texts.text import card_text, text_key
from feature_repo.views import HISTORY_MARKS, LONGEST, RECENT
from metier.contract import table

Row = Mapping[str, Any]
OUTCOMES = ("accept", "hire")
"""Kinds that count for both sides, whoever tells of them."""


@dataclass(frozen=True)
class Side:
    """Whose history an interaction belongs to: acts of `kinds` by this side, and outcomes."""

    history: FeatureView
    side: Literal["freelancer", "client"]
    kinds: tuple[str, ...]
    candidate: FeatureView

    @property
    def actor_key(self) -> str:
        return f"{self.side}_id"

    @property
    def candidate_key(self) -> str:
        (key,) = self.candidate.join_keys
        return str(key)

    def counts(self, row: Row) -> bool:
        """Whether the interaction lengthens a history."""
        own = row["side"] == self.side and row["kind"] in self.kinds
        return (own or row["kind"] in OUTCOMES) and None not in (row[self.actor_key], row[self.candidate_key])


FREELANCER = Side(
    definitions.freelancer_history,
    "freelancer",
    ("click", "save", "apply"),
    definitions.job_profile,
)
CLIENT = Side(
    definitions.client_history,
    "client",
    ("click", "save", "invite"),
    definitions.freelancer_profile,
)


class StoredRow(NamedTuple):
    """What the online store holds of a key; no timestamp and no features where it holds nothing."""

    event_timestamp: datetime | None
    features: dict[str, Any]


class Pushes:
    """Writes to the online store of one feature store. Safe to share between threads and processes.

    Skills of texts are those of the taxonomy, by default the shipped one.
    """

    def __init__(self, store: FeatureStoreClient, taxonomy: Taxonomy | None = None) -> None:
        self._store = store.store
        self._taxonomy = taxonomy or shipped_taxonomy()

    def profile(self, name: Literal["jobs", "freelancers"], row: Row) -> None:
        """Show a version of a job or freelancer, unless the store holds one that became visible after it happened."""
        values = {column.name: row.get(column.name, column.default) for column in table(name).columns}
        is_job = name == "jobs"
        view = definitions.job_profile if is_job else definitions.freelancer_profile
        words = values["title"], values["description" if is_job else "overview"], values["skills"]
        linked = linked_skills(self._taxonomy, *words)
        self._write(view, [{**values, "text_key": text_key(card_text(*words)), "linked_skills": linked}])

    def interactions(self, rows: Sequence[Row]) -> None:
        """Fold interactions into the histories of their freelancers and clients.

        One that is among the last 20 counted of its actor changes nothing. One that names no client, of a job that
        the store does not hold yet, reaches the client's history with the next build.
        """
        for side, side_rows in ((FREELANCER, rows), (CLIENT, self._with_clients(rows))):
            actors: dict[str, list[Row]] = {}
            for row in side_rows:
                if side.counts(row):
                    actors.setdefault(row[side.actor_key], []).append(row)
            if actors:
                self._fold(side, actors)

    def restore(self, name: str, keys: Sequence[str], now: datetime) -> list[str]:
        """Put the newest offline rows of keys in place of what the store holds, even of newer rows; the keys restored.

        A key without an offline row up to `now` holds nothing afterwards. UnknownNameError for a view that is none.
        """
        view = declared_view(name)
        (key,) = view.join_keys
        rows = self._offline_rows(view, pa.array(keys, pa.string()), now)
        online = self._store.provider.online_store
        online.remove(self._store.config, view, [_entity(view, name) for name in keys])
        self._write(view, rows)
        return [row[key] for row in rows]

    def _offline_rows(self, view: FeatureView, keys: pa.Array, now: datetime) -> list[Row]:
        source = view.batch_source
        (key,) = view.join_keys
        newest = self._store.provider.offline_store.pull_latest_from_table_or_query(
            self._store.config,
            source,
            [key],
            [field.name for field in view.features],
            source.timestamp_field,
            source.created_timestamp_column,
            BEGINNING,
            now,
        ).to_arrow()
        rows: list[Row] = newest.filter(pc.is_in(newest[key], value_set=keys)).to_pylist()
        return rows

    def _with_clients(self, rows: Sequence[Row]) -> list[Row]:
        """The rows with the client of their job where they name none."""
        values = [{"job_id": None, "client_id": None, **row} for row in rows]
        jobs = {row["job_id"] for row in values if row["client_id"] is None and row["job_id"] is not None}
        stored = self._read(definitions.job_profile, jobs)
        clients = {job: profile.features.get("client_id") for job, profile in stored.items()}
        return [{**row, "client_id": row["client_id"] or clients.get(row["job_id"])} for row in values]

    def _fold(self, side: Side, actors: Mapping[str, Sequence[Row]]) -> None:
        """Under the actors' locks, so that no fold is lost to another one of the same moment."""
        candidates = self._read(side.candidate, {row[side.candidate_key] for rows in actors.values() for row in rows})
        online, config = self._store.provider.online_store, self._store.config
        with online.locked(config, [f"{side.history.name}:{actor}" for actor in actors]):
            stored = self._read(side.history, actors)
            grown = [_grown(side, actor, stored[actor], rows, candidates) for actor, rows in actors.items()]
            self._write(side.history, [row for row in grown if row is not None])

    def _read(self, view: FeatureView, keys: Iterable[str]) -> dict[str, StoredRow]:
        names = list(keys)
        entities = [_entity(view, name) for name in names]
        answers = self._store.provider.online_store.online_read(self._store.config, view, entities) if names else []
        return {
            name: StoredRow(
                stamp, {feature: feast_value_type_to_python_type(value) for feature, value in (values or {}).items()}
            )
            for name, (stamp, values) in zip(names, answers, strict=True)
        }

    def _write(self, view: FeatureView, rows: Sequence[Row]) -> None:
        """Rows of a view, which the store takes unless it holds newer ones. The registry is not asked."""
        kinds = [(field.name, field.dtype.to_value_type()) for field in view.features]
        (key,) = view.join_keys
        stored = [
            (
                _entity(view, row[key]),
                {name: python_values_to_proto_values([row[name]], kind)[0] for name, kind in kinds},
                row["event_timestamp"],
                row["recorded_at"],
            )
            for row in rows
        ]
        if stored:
            self._store.provider.online_write_batch(self._store.config, view, stored, None)


def _entity(view: FeatureView, name: str) -> EntityKey:
    return EntityKey(join_keys=view.join_keys, entity_values=[Value(string_val=name)])


def _visible(row: Row) -> datetime:
    """When the interaction was both true and known."""
    newest: datetime = max(row["event_timestamp"], row["recorded_at"])
    return newest.astimezone(UTC)


def _grown(
    side: Side, actor: str, stored: StoredRow, rows: Sequence[Row], candidates: Mapping[str, StoredRow]
) -> dict[str, Any] | None:
    """The actor's row of the history view; None where all `rows` are counted already."""
    counted, fresh = set(stored.features.get("last_counted") or []), []
    for row in sorted(rows, key=lambda row: _order_key(side, row)):
        if fingerprint(row["interaction_id"]) not in counted:
            counted.add(fingerprint(row["interaction_id"]))
            fresh.append(row)
    if not fresh:
        return None
    stamps = [_visible(row) for row in fresh]
    newest = max(stamps if stored.event_timestamp is None else [stored.event_timestamp, *stamps])
    # No row was recorded after it was visible: of two folds with equal stamps, the one that is written last counts.
    stamped = {side.actor_key: actor, "event_timestamp": newest, "recorded_at": newest}
    return {**stamped, **_history(side, stored.features, fresh, candidates)}


def _order_key(side: Side, row: Row) -> tuple[Any, ...]:
    """The order in which a build folds interactions."""
    return _visible(row), row["event_timestamp"], row[side.candidate_key], fingerprint(row["interaction_id"])


def _history(side: Side, stored: Row, fresh: Sequence[Row], candidates: Mapping[str, StoredRow]) -> dict[str, Any]:
    """Features of a history that `fresh` are folded into, in their order."""
    lists = {
        "recent_ids": [row[side.candidate_key] for row in fresh],
        "recent_timestamps": [int(row["event_timestamp"].timestamp()) for row in fresh],
        **{
            RECENT[mark]: [candidates[row[side.candidate_key]].features.get(feature) or "" for row in fresh]
            for mark, feature in HISTORY_MARKS[side.history.name].items()
        },
    }
    extended = {name: [*(stored.get(name) or []), *values] for name, values in lists.items()}
    stored_rows = len(extended["recent_ids"]) - len(fresh)
    rows = list(range(stored_rows))
    for row in range(stored_rows, stored_rows + len(fresh)):
        rows = inserted(rows, row, extended["recent_ids"], extended["recent_timestamps"])
    marks = [fingerprint(row["interaction_id"]) for row in reversed(fresh)]
    return {
        **{name: [values[row] for row in rows] for name, values in extended.items()},
        "last_counted": [*marks, *(stored.get("last_counted") or [])][:LONGEST],
        "interaction_count": (stored.get("interaction_count") or 0.0) + len(fresh),
    }
