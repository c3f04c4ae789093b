"""Files of a feature view, one a day: DATE.parquet holds the versions after the midnight before DATE, up to DATE's.

The newest file ends at the build's own clock. A file is written beside and renamed over the one of its day, and no
two files can hold the same version, so that a reader in the middle of a build sees whole days, each once: some as
built now, others as built before. Knows no view and no SQL.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from metier.contract import TIMESTAMP
from metier.durable import remove_unfinished, replacing

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
EVENT_TIMESTAMP = "event_timestamp"


def day_of(moment: datetime) -> int:
    """Number of the day whose file holds a version of that moment: of the midnight at or after it, 0 is 1970-01-01."""
    return -((EPOCH - moment) // DAY)


def day_after(moment: datetime) -> int:
    """Number of the first day whose file holds something later than that moment."""
    return (moment - EPOCH) // DAY + 1


def midnight(day: int) -> datetime:
    """The moment at which a day's file ends."""
    return EPOCH + day * DAY


def day_path(folder: Path, day: int) -> Path:
    """File of a day."""
    return folder / f"{date.fromordinal(EPOCH.toordinal() + day).isoformat()}.parquet"


def days_in(folder: Path) -> list[int]:
    """Days that have a file, in order."""
    names = (path.stem for path in folder.glob("*.parquet"))
    return sorted(date.fromisoformat(name).toordinal() - EPOCH.toordinal() for name in names)


class DayFiles:
    """The files of one view while they are written: `write` in the order of time, then `finish`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows = 0
        self._written: set[int] = set()
        self._schema: pa.Schema | None = None
        folder.mkdir(parents=True, exist_ok=True)
        remove_unfinished(folder)

    def write(self, schema: pa.Schema, batches: Iterable[pa.Table]) -> int:
        """Replace the file of every day that has rows; batches are ordered by event_timestamp. How many rows."""
        before = self.rows
        fields = [pa.field(f.name, TIMESTAMP if pa.types.is_timestamp(f.type) else f.type) for f in schema]
        self._schema = pa.schema(fields, schema.metadata)
        for day, parts in groupby(_by_day(batches), key=itemgetter(0)):
            self._replace(day, (rows for _, rows in parts))
        return self.rows - before

    def keep(self, day: int) -> None:
        """Leave the file of a day as it is."""
        self._written.add(day)

    def finish(self, first: int, last: int) -> None:
        """Remove the files from `first` on that were neither written nor kept; the last day has one in any case."""
        if last not in self._written:
            self._replace(last, ())
        for day in days_in(self.folder):
            if day >= first and day not in self._written:
                day_path(self.folder, day).unlink()

    def _replace(self, day: int, parts: Iterable[pa.Table]) -> None:
        with (
            replacing(day_path(self.folder, day)) as temporary,
            pq.ParquetWriter(temporary, self._schema, compression="zstd") as writer,
        ):
            for rows in parts:
                writer.write_table(rows.cast(self._schema))
                self.rows += rows.num_rows
        self._written.add(day)


def _by_day(batches: Iterable[pa.Table]) -> Iterator[tuple[int, pa.Table]]:
    """Parts of the batches that are of one day each, in their order."""
    for batch in batches:
        stamps = batch[EVENT_TIMESTAMP].cast(TIMESTAMP).cast(pa.int64()).to_numpy()
        days, starts = np.unique(-(-stamps // (DAY // timedelta(microseconds=1))), return_index=True)
        for day, start, end in zip(days, starts, np.append(starts[1:], len(stamps)), strict=False):
            yield int(day), batch.slice(start, end - start)
