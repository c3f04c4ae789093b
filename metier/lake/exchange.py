"""Exchange files of the lake so that readers see all of it or nothing, and a kill leaves nothing half done.

New files are written beside. A note names them and the files that they stand for; of the two halves only one counts
for readers (Lake.files): the new one once all of it is there. The other half is removed later, and the note after it.
Knows files, not what is in them.
"""

import hashlib
import json
import posixpath
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import fsspec.core
import pyarrow as pa
import pyarrow.parquet as pq

from metier.errors import InputError
from metier.lake.lake import REPLACED, Lake
from metier.locks import exclusively

TEMPORARY = ".upkeep-"
"""How files begin that are not part of the lake yet."""


class Exchange:
    """The lake's file system in the hands of one upkeep; make one with `of`."""

    def __init__(self, lake: Lake) -> None:
        self.fs, self.root = fsspec.core.url_to_fs(lake.url)
        protocols = (self.fs.protocol,) if isinstance(self.fs.protocol, str) else self.fs.protocol
        self._local = "file" in protocols
        self.prefix = "" if self._local else f"{protocols[0]}://"
        """What DuckDB wants before a path."""

    @classmethod
    @contextmanager
    def of(cls, lake: Lake) -> Iterator["Exchange"]:
        """Finishes first what a killed one left, and at its end what it did itself.

        InputError while another one has this lake on a local disk; elsewhere the caller sees to it.
        """
        exchange = cls(lake)
        with exchange._locked():
            exchange._settle()
            yield exchange
            exchange._settle()

    def write(self, path: str, schema: pa.Schema, batches: Iterable[pa.Table]) -> str:
        """The temporary file for `path` that holds the batches."""
        temporary = self.temporary(path)
        with self.fs.open(temporary, "wb") as sink, pq.ParquetWriter(sink, schema, compression="zstd") as writer:
            for batch in batches:
                writer.write_table(batch)
        return temporary

    def temporary(self, path: str) -> str:
        """Where something is written that will be at `path`, or stand for it."""
        return f"{posixpath.dirname(path)}/{TEMPORARY}{posixpath.basename(path)}"

    def replace(self, paths: Sequence[str], written: Sequence[str]) -> bool:
        """Let the temporary files `written` stand for `paths`, all of one folder; false where they hold the same."""
        folder = posixpath.dirname(paths[0])
        named = {self._content_name(temporary): temporary for temporary in written}
        replaced = {posixpath.basename(path) for path in paths} - named.keys()
        if not replaced:
            for temporary in written:
                self.fs.rm_file(temporary)
            return False
        note = json.dumps({"written": sorted(named), "replaced": sorted(replaced)})
        path = f"{folder}/{REPLACED}{hashlib.sha256(note.encode()).hexdigest()[:16]}.json"
        self.fs.pipe_file(self.temporary(path), note.encode())
        self.fs.mv(self.temporary(path), path)
        for name, temporary in named.items():
            self.fs.mv(temporary, f"{folder}/{name}")
        return True

    def _settle(self) -> None:
        """Remove the half of each note that does not count, then the note, then what was never finished."""
        for path in self.fs.glob(f"{self.root}/*/event_date=*/{REPLACED}*"):
            folder, note = posixpath.dirname(path), json.loads(self.fs.cat_file(path))
            complete = all(self.fs.exists(f"{folder}/{file}") for file in note["written"])
            for file in note["replaced"] if complete else note["written"]:
                if self.fs.exists(f"{folder}/{file}"):
                    self.fs.rm_file(f"{folder}/{file}")
            self.fs.rm_file(path)
        for path in self.fs.glob(f"{self.root}/*/event_date=*/{TEMPORARY}*"):
            self.fs.rm_file(path)

    def _content_name(self, path: str) -> str:
        with self.fs.open(path, "rb") as handle:
            return f"part-{hashlib.file_digest(handle, 'sha256').hexdigest()[:16]}.parquet"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if not self._local or not Path(self.root).is_dir():
            yield
            return
        refusal = InputError(f"another upkeep of {self.root} is running; wait until it ends, then repeat this one")
        with exclusively(Path(self.root) / "upkeep.lock", refusal):
            yield
