"""Remove one person from everything under METIER_HOME, in an order in which a killed run can be repeated.

What tells the person apart is noted first, and whose features they took part in; then the places are cleared; a receipt
stays that counts what went and names the bundles trained on it, by a salted hash instead of the id. Knows the order;
places and rows are others'.
"""

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from components.importers.logs.endpoint import copy_stream
from components.importers.logs.events import no_other_import
from components.privacy.forget_places import (
    forget_changes,
    forget_events,
    forget_features,
    forget_files,
    forget_quarantine,
    forget_releases,
    in_events,
    own_events,
    remove_unfinished,
    still_held,
)
from components.privacy.person import Person, in_lake, lake_marks
from components.privacy.touched import touched
from components.privacy.traces import Traces
from metier.durable import UNFINISHED, replacing, write_whole
from metier.errors import InputError
from metier.lake import Lake
from metier.lake.redacted import redact
from metier.lake.upkeep import take_out
from metier.settings import Settings
from metier.stored import as_json, from_json
from metier.texts.ids import plain_id
from serving.language.conversations import forget_conversations


@dataclass(frozen=True)
class Receipt:
    """Rows, values, files or folders removed by place; `left` says what still holds the person, and the next move."""

    person: str
    forgotten_at: str
    rows: dict[str, int]
    bundles: tuple[str, ...]
    rebuilt: dict[str, str]
    left: tuple[str, ...]

    def joined(self, other: "Receipt") -> "Receipt":
        """Both as one, of the person as this one names it."""
        return Receipt(
            self.person,
            self.forgotten_at,
            {place: self.rows.get(place, 0) + other.rows.get(place, 0) for place in {**self.rows, **other.rows}},
            tuple(dict.fromkeys((*self.bundles, *other.bundles))),
            {**self.rebuilt, **other.rebuilt},
            tuple(dict.fromkeys((*self.left, *other.left))),
        )

    def render(self) -> str:
        """Lines for a person."""
        lines = [f"{location:32}{number:>10,} removed" for location, number in self.rows.items()]
        lines += [f"built anew: {bundle} {release}" for bundle, release in self.rebuilt.items()]
        lines += [f"trained on it: bundle {bundle}" for bundle in self.bundles]
        return "\n".join([*lines, *(f"left: {line}" for line in self.left)])


def forget(settings: Settings, actor_id: str, now: datetime) -> Receipt:
    """Remove the freelancer or client with this id; InputError where nothing here ever knew it.

    An id that holds an e-mail address is looked for as its hash, and as it is: homes kept such ids in clear once.
    """
    spellings = dict.fromkeys((plain_id(actor_id), actor_id))
    receipts = [receipt for name in spellings if (receipt := _forget(settings, name, now)) is not None]
    if not receipts:
        raise InputError(f"nothing in {settings.home} knows {actor_id!r}; give the id of a freelancer or a client")
    return receipts[0] if len(receipts) == 1 else receipts[0].joined(receipts[1])


def _forget(settings: Settings, actor_id: str, now: datetime) -> Receipt | None:
    """The receipt of one id; None where nothing here ever knew it."""
    home = _Receipts(settings.home / "receipts", actor_id)
    lake = Lake(settings.lake)
    if settings.changes_url:
        copy_stream(settings)
    with no_other_import(settings.events), no_other_import(settings.changes):
        person = in_events(settings.changes, in_events(settings.events, in_lake(lake, home.unfinished())))
        home.begin(person)
        redact(lake, touched(lake, person, own_events(settings.events, person)), person.names)
        traces = Traces(person)
        lines, segments = forget_events(settings.events, person, traces)
        versions = forget_changes(settings, person, traces)
        rows = {
            "events": lines,
            "changes": versions,
            "conversations": forget_conversations(settings, traces.in_bytes),
            "quarantine": forget_quarantine(lake, person, traces),
        }
        if person.first_event is None and not (segments or any(rows.values()) or home.earlier()):
            home.finish()
            return None
        for name, (columns, marks) in lake_marks(lake, person).items():
            rows[f"lake.{name}"] = take_out(lake, name, columns, marks)
        rows |= forget_features(settings, lake, person)
    rows["candidate_releases"], rebuilt, failure = forget_releases(settings, traces)
    removed, logs = forget_files(settings, traces)
    removed["unfinished_files"] = remove_unfinished(settings.home, now)
    remaining = [
        *(f"{path}: an endpoint still writes it; stop that endpoint, then repeat this" for path in segments),
        *(f"{path}: a process still writes it; stop that process, then repeat this" for path in logs),
        *(
            f"{path}: {_advice(settings, path)}"
            for path in still_held(settings, traces, (home.folder, *segments, *logs))
        ),
        *([f"no candidate release could be built anew: {failure}"] if failure else []),
    ]
    bundles = trained_on(settings, person.first_event)
    receipt = Receipt(home.hash, now.isoformat(), rows | removed, bundles, rebuilt, tuple(remaining))
    home.keep(receipt, now)
    if not remaining:
        home.finish()
    return receipt


def trained_on(settings: Settings, since: datetime | None) -> tuple[str, ...]:
    """Labels of the bundles registered here whose data reach past `since`; None where nothing was known."""
    manifests = [
        *settings.bundles.glob("*/*/manifest.json"),
        *settings.artifacts.glob("*/artifacts/bundle/manifest.json"),
    ]
    stamped = [_manifest(path) for path in sorted(manifests)]
    if since is None:
        return ()
    return tuple(sorted({label for label, as_of in stamped if as_of >= since}))


class _Receipts:
    """The folder of receipts, and in it the note of a removal that is not finished."""

    def __init__(self, folder: Path, actor_id: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._actor_id = actor_id
        salt = _salt(folder / "salt")
        self.hash = hashlib.scrypt(actor_id.encode(), salt=salt, n=2**14, r=8, p=1, dklen=16).hex()
        self._note = folder / f".{self.hash}.unfinished.json"

    def unfinished(self) -> Person:
        """What a removal that did not finish knew of the person; otherwise the id alone."""
        if not self._note.exists():
            return Person(self._actor_id)
        return from_json(Person, self._note.read_bytes())

    def begin(self, person: Person) -> None:
        for path in self.folder.glob(UNFINISHED):
            if self.hash in path.name:
                path.unlink()
        write_whole(self._note, as_json(person, indent=1))

    def finish(self) -> None:
        self._note.unlink()

    def earlier(self) -> bool:
        """Whether there is a receipt for the person."""
        return any(self.folder.glob(f"*-{self.hash}.json"))

    def keep(self, receipt: Receipt, now: datetime) -> None:
        write_whole(self.folder / f"{now:%Y%m%dT%H%M%S.%fZ}-{self.hash}.json", as_json(receipt, indent=1))


def _salt(path: Path) -> bytes:
    """The home's own, made when first asked for."""
    if not path.exists():
        with replacing(path) as temporary:
            temporary.touch(0o600)
            temporary.write_bytes(secrets.token_bytes(16))
    return path.read_bytes()


def _manifest(path: Path) -> tuple[str, datetime]:
    """(Label, moment of its data) of a bundle."""
    manifest = json.loads(path.read_bytes())
    fields = manifest["metadata"]
    return f"{fields['surface']}-{manifest['sha256'][:8]}", datetime.fromisoformat(fields["as_of"])


def _advice(settings: Settings, path: Path) -> str:
    if any(path.is_relative_to(folder) for folder in (settings.bundles, settings.artifacts)):
        return "a registered bundle shows the person and never changes; promote one trained since, then delete this one"
    if path.match(UNFINISHED):
        return "a process was killed here or still writes it; repeat this in a quarter of an hour"
    return "metier does not know this file; remove it, or what it says of the person"
