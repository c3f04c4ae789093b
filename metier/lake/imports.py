"""What each import wrote, and its undo: a folder of notes an import, `imports/<id>/` in the lake.

A note is there before the files that it names, so that a killed import is known whole. Knows files and counts; no row
and no key, so that nothing of a person is kept here.
"""

import posixpath
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count, groupby
from pathlib import Path
from typing import Literal, TypeAlias

import fsspec.core
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem

from metier.contract import TABLES
from metier.errors import InputError
from metier.lake.exchange import Exchange
from metier.lake.importing import no_import_runs, running, running_state
from metier.lake.lake import AppendReport, Lake, temporary
from metier.stored import Moment, as_json, from_json

FOLDER = "imports"
FIRST, UNDOING, UNDONE = "000000.json", "undoing.json", "undone.json"
QUARANTINE = "quarantine/"
State: TypeAlias = Literal["there", "running", "unfinished", "half undone", "undone"]


@dataclass(frozen=True)
class Note:
    """One append of an import, or rejected rows (`table` is quarantine/TABLE); files are paths below the lake."""

    source: str
    started_at: Moment
    table: str
    files: tuple[str, ...]
    written: int
    duplicates: int


@dataclass(frozen=True)
class Import:
    """One import. Rows by table: written, already there (`duplicates`), refused (`quarantined`)."""

    id: str
    source: str
    started_at: Moment
    written: Mapping[str, int] = field(default_factory=dict)
    duplicates: Mapping[str, int] = field(default_factory=dict)
    quarantined: Mapping[str, int] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    quarantine_files: tuple[str, ...] = ()
    state: State = "there"
    """Unfinished: it was killed or failed, and may be undone or repeated."""

    def render(self) -> str:
        """One line."""
        names = [name for name in TABLES if name in {*self.written, *self.duplicates}]
        tables = ", ".join(f"{name} {self.written.get(name, 0):,}" for name in names) or "nothing"
        refused = sum(self.quarantined.values())
        parts = [f"wrote {tables}", *([f"{refused:,} rows in quarantine"] if refused else [])]
        return f"{self.id}  {self.source}: {'; '.join(parts)}" + ("" if self.state == "there" else f" ({self.state})")


@dataclass(frozen=True)
class UndoReport:
    """Rows that an undo removed, by table, and those that left quarantine."""

    import_id: str
    removed: Mapping[str, int]
    quarantined: int

    def render(self) -> str:
        """What is gone, and the next move."""
        tables = ", ".join(f"{name} {number:,}" for name, number in self.removed.items()) or "no rows"
        return (
            f"removed {tables}; {self.quarantined:,} rows left quarantine\n"
            "next: `metier pipeline run training` builds features, rankers and candidates without them "
            "(`metier pipeline run features`: only the features)"
        )


@contextmanager
def recording(url: str, source: str, now: datetime | None = None) -> Iterator[Lake]:
    """The lake at `url`; what is written through this object during the block is one import from `source`.

    It is running for as long as the block, and unfinished for good where the block fails or the process is killed.
    InputError while an undo is running.
    """
    started = now or datetime.now(UTC)
    import_id = f"{started:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:4]}"
    folder = f"{FOLDER}/{import_id}"
    fs, root = fsspec.core.url_to_fs(url.rstrip("/"))
    numbers = count()

    def note(name: str, files: Sequence[str], report: AppendReport) -> None:
        entry = Note(source, started, name, tuple(files), report.written, report.duplicates)
        _write(fs, f"{root}/{folder}/{next(numbers):06}.json", as_json(entry))

    with shut_to_undo(url, import_id):
        yield Lake(url, note)


@contextmanager
def shut_to_undo(url: str, import_id: str) -> Iterator[None]:
    """Refuse every undo in the local lake at `url` for the block."""
    imports = _local_imports(url)
    with running(imports, import_id) if imports else nullcontext():
        yield


def list_imports(lake: Lake) -> list[Import]:
    """Every recorded import, the oldest first."""
    fs, root = fsspec.core.url_to_fs(lake.url)
    imports = [_read(fs, posixpath.dirname(path)) for path in fs.glob(f"{root}/{FOLDER}/*/{FIRST}")]
    return sorted(imports, key=lambda entry: (entry.started_at, entry.id))


def undo_import(lake: Lake, import_id: str) -> UndoReport:
    """Remove the files of an import and its rejected rows; repeated after a kill, it finishes.

    InputError, and nothing done, where there is no such import; where its files were merged or rewritten since, so that
    its rows cannot be told from others; where a later import brought rows that were there already and may be these;
    where it was undone already; or while any import is running.
    """
    local = _local_imports(lake.url)
    with no_import_runs(local) if local else nullcontext(), Exchange.of(lake) as exchange:
        imports = list_imports(lake)
        entry = next((recorded for recorded in imports if recorded.id == import_id), None)
        if entry is None:
            raise InputError(f"no import {import_id!r} is recorded; `metier lake imports` lists them")
        if entry.state == "undone":
            raise InputError(f"import {import_id} was undone already; `metier lake imports` says what is still there")
        if entry.state != "half undone":
            _require_complete(exchange, entry, imports)
            _require_last(entry, imports[imports.index(entry) + 1 :])
            _write(exchange.fs, f"{exchange.root}/{FOLDER}/{import_id}/{UNDOING}")
        removed = Counter[str]()
        for _, folder in groupby(sorted(entry.files), posixpath.dirname):
            present = [path for file in folder if exchange.fs.exists(path := f"{exchange.root}/{file}")]
            for path in present:
                removed[path.rsplit("/", 3)[1]] += pq.read_metadata(path, filesystem=exchange.fs).num_rows
            if present:
                exchange.replace(present, [])
        others = (other for other in imports if other.id != import_id and other.state != "undone")
        shared = {file for other in others for file in other.quarantine_files}
        for file in sorted({*entry.quarantine_files} - shared):
            if exchange.fs.exists(f"{exchange.root}/{file}"):
                exchange.fs.rm_file(f"{exchange.root}/{file}")
        _write(exchange.fs, f"{exchange.root}/{FOLDER}/{import_id}/{UNDONE}")
    return UndoReport(import_id, dict(removed), sum(entry.quarantined.values()))


def _require_complete(exchange: Exchange, entry: Import, imports: Sequence[Import]) -> None:
    """Each file of the import is there, or never was: it still waits beside, or came by another import and went."""
    elsewhere = {file for other in imports if other.id != entry.id for file in other.files}
    missing = [
        file
        for file in entry.files
        if file not in elsewhere
        and not exchange.fs.exists(f"{exchange.root}/{file}")
        and not exchange.fs.exists(temporary(f"{exchange.root}/{file}"))
    ]
    if missing:
        raise InputError(
            f"{len(missing):,} of the {len(entry.files):,} files of import {entry.id} were merged or rewritten since "
            "(compact, migrate, retain or forget); its rows cannot be told from others any more"
        )


def _require_last(entry: Import, later: Sequence[Import]) -> None:
    """No later import that is still there brought rows that were there already and may be this one's."""
    for other in reversed(later):
        both = [name for name in other.duplicates if other.duplicates[name] and entry.written.get(name)]
        if other.state != "undone" and (both or {*entry.files} & {*other.files}):
            what = ", ".join(both) or "the same days"
            raise InputError(
                f"import {other.id} ({other.source}) came later and brought rows of {what} "
                f"that were there already, maybe from this one; undo it first: `metier lake undo {other.id}`"
            )


def _read(fs: fsspec.AbstractFileSystem, folder: str) -> Import:
    state = _state(fs, folder)  # before the notes: an import that ends meanwhile has all of them
    written, duplicates, quarantined = Counter[str](), Counter[str](), Counter[str]()
    files: list[str] = []
    rejected: list[str] = []
    notes = [from_json(Note, fs.cat_file(path)) for path in sorted(fs.glob(f"{folder}/[0-9]*.json"))]
    for note in notes:
        if note.table.startswith(QUARANTINE):
            quarantined[note.table.removeprefix(QUARANTINE)] += note.written
            rejected += note.files
        else:
            written[note.table] += note.written
            duplicates[note.table] += note.duplicates
            files += note.files
    return Import(
        posixpath.basename(folder), notes[0].source, notes[0].started_at,
        dict(written), dict(duplicates), dict(quarantined),
        files=tuple(files), quarantine_files=tuple(rejected), state=state,
    )  # fmt: skip


def _state(fs: fsspec.AbstractFileSystem, folder: str) -> State:
    undone = next((word for name, word in _STATES if fs.exists(f"{folder}/{name}")), None)
    return undone or (running_state(Path(folder)) if isinstance(fs, LocalFileSystem) else "there")


def _local_imports(url: str) -> Path | None:
    """Folder of the notes; None for a lake that is not on a local disk."""
    fs, root = fsspec.core.url_to_fs(url.rstrip("/"))
    return Path(root) / FOLDER if isinstance(fs, LocalFileSystem) else None


_STATES: tuple[tuple[str, State], ...] = ((UNDONE, "undone"), (UNDOING, "half undone"))


def _write(fs: fsspec.AbstractFileSystem, path: str, content: str = "{}") -> None:
    fs.makedirs(posixpath.dirname(path), exist_ok=True)
    fs.pipe_file(temporary(path), content.encode())
    fs.mv(temporary(path), path)
