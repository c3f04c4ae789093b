"""Where the days of a world lie until they are handed over: one file a kind, a batch a day, read back in order.

Knows Arrow; not what the batches mean.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa


class Shelf:
    """Batches in the files of `folder`; written first, then read, as often as needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open = ExitStack()
        self._writers: dict[str, pa.RecordBatchStreamWriter] = {}
        self.rows: dict[str, int] = {}
        """Rows of each kind."""

    def __enter__(self) -> "Shelf":
        return self

    def __exit__(self, *_raised: object) -> None:
        self._open.close()

    def put(self, kind: str, batch: pa.RecordBatch) -> None:
        """Lay aside the next batch of `kind`; all of them have one schema."""
        if kind not in self._writers:
            sink = self._open.enter_context(pa.OSFile(str(self._path(kind)), "wb"))
            options = pa.ipc.IpcWriteOptions(compression="lz4")
            self._writers[kind] = self._open.enter_context(pa.ipc.new_stream(sink, batch.schema, options=options))
        self._writers[kind].write_batch(batch)
        self.rows[kind] = self.rows.get(kind, 0) + batch.num_rows

    def finish(self) -> None:
        """Nothing more will be put; reading may begin."""
        self._open.close()

    def batches(self, kind: str) -> Iterator[pa.RecordBatch]:
        """What was put, in its order."""
        with pa.OSFile(str(self._path(kind)), "rb") as source, pa.ipc.open_stream(source) as reader:
            yield from reader

    def _path(self, kind: str) -> Path:
        return self._folder / f"{kind}.arrows"
