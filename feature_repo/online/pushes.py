"""Values of the online store between two builds: a version's profile, an actor's history, as the next build has them.

The rules are those of sql/*_profile.sql and sql/*_history.sql, and the fold is the same code; a test holds the two
equal. Rows are of the contract. A store that fails raises; whoever calls decides what that costs. Knows no lake.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from components.language.taxonomy import Taxonomy, linked_skills, shipped_taxonomy
from feature_repo.build.histories import fingerprint, inserted
from feature_repo.online.rows import OnlineRows
from feature_repo.texts.text import card_text, text_key
from feature_repo.views import (
    HISTORY_MARKS,
    LONGEST,
    RECENT,
    View,
    client_history,
    freelancer_history,
    freelancer_profile,
    job_profile,
)
from metier.contract import table

Row = Mapping[str, Any]
OUTCOMES = ("accept", "hire")
"""Kinds that count for both sides, whoever tells of them."""


@dataclass(frozen=True)
class Side:
    """Whose history an interaction belongs to: acts of `kinds` by this side, and outcomes."""

    history: View
    side: Literal["freelancer", "client"]
    kinds: tuple[str, ...]
    candidate: View

    @property
    def actor_key(self) -> str:
        return f"{self.side}_id"

    @property
    def candidate_key(self) -> str:
        return self.candidate.key

    def counts(self, row: Row) -> bool:
        """Whether the interaction lengthens a history."""
        own = row["side"] == self.side and row["kind"] in self.kinds
        return (own or row["kind"] in OUTCOMES) and None not in (row[self.actor_key], row[self.candidate_key])


FREELANCER = Side(freelancer_history, "freelancer", ("click", "save", "apply"), job_profile)
CLIENT = Side(client_history, "client", ("click", "save", "invite"), freelancer_profile)


class StoredRow(NamedTuple):
    """What the online store holds of a key; no timestamp and no features where it holds nothing."""

    event_timestamp: datetime | None
    features: dict[str, Any]


class Pushes:
    """Writes to an online store. Safe to share between threads and processes.

    Skills of texts are those of the taxonomy, by default the shipped one.
    """

    def __init__(self, online: OnlineRows, taxonomy: Taxonomy | None = None) -> None:
        self._online = online
        self._taxonomy = taxonomy or shipped_taxonomy()

    def profile(self, name: Literal["jobs", "freelancers"], row: Row) -> None:
        """Show a version of a job or freelancer, unless the store holds one that became visible after it happened."""
        values = {column.name: row.get(column.name, column.default) for column in table(name).columns}
        is_job = name == "jobs"
        view = job_profile if is_job else freelancer_profile
        words = values["title"], values["description" if is_job else "overview"], values["skills"]
        linked = linked_skills(self._taxonomy, *words)
        self._online.write(view, [{**values, "text_key": text_key(card_text(*words)), "linked_skills": linked}])

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

    def _with_clients(self, rows: Sequence[Row]) -> list[Row]:
        """The rows with the client of their job where they name none."""
        values = [{"job_id": None, "client_id": None, **row} for row in rows]
        jobs = {row["job_id"] for row in values if row["client_id"] is None and row["job_id"] is not None}
        stored = self._read(job_profile, jobs)
        clients = {job: profile.features.get("client_id") for job, profile in stored.items()}
        return [{**row, "client_id": row["client_id"] or clients.get(row["job_id"])} for row in values]

    def _fold(self, side: Side, actors: Mapping[str, Sequence[Row]]) -> None:
        """Under the actors' locks, so that no fold is lost to another one of the same moment."""
        candidates = self._read(side.candidate, {row[side.candidate_key] for rows in actors.values() for row in rows})
        with self._online.locked([f"{side.history.name}:{actor}" for actor in actors]):
            stored = self._read(side.history, actors)
            grown = [_grown(side, actor, stored[actor], rows, candidates) for actor, rows in actors.items()]
            self._online.write(side.history, [row for row in grown if row is not None])

    def _read(self, view: View, keys: Iterable[str]) -> dict[str, StoredRow]:
        names = list(keys)
        held = zip(names, self._online.stamps(view, names), self._online.held(view, names), strict=True)
        return {name: StoredRow(stamp, features) for name, stamp, features in held}


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
