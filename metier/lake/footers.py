"""What a Parquet file says of itself without being read: its contract version, and limits of its columns.

Knows footers; no folders and no tables.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow.parquet as pq

from metier.contract import VERSION_KEY
from metier.errors import ContractError


@dataclass(frozen=True)
class Footer:
    """A file's contract version, and the least and greatest of its ids (None: it does not say)."""

    version: int
    first: str | None
    last: str | None

    @classmethod
    def of(cls, metadata: pq.FileMetaData, column: str) -> "Footer":
        """`column` holds the ids."""
        version = int((metadata.metadata or {}).get(VERSION_KEY, b"1"))
        statistics = list(_statistics(metadata, column))
        if len(statistics) < max(1, metadata.num_row_groups) or not all(group.has_min_max for group in statistics):
            return cls(version, None, None)
        return cls(version, min(group.min for group in statistics), max(group.max for group in statistics))

    def meets(self, first: str, last: str) -> bool:
        """Whether an id from `first` to `last` may be in the file."""
        return self.first is None or self.last is None or (self.first <= last and first <= self.last)


def span(metadata: pq.FileMetaData, column: str) -> tuple[datetime, datetime]:
    """Least and greatest of a timestamp column of a file with rows; ContractError where it lacks the column."""
    groups = list(_statistics(metadata, column))
    if not groups:
        raise ContractError(f"no column {column} in a lake file; re-import the table it belongs to")
    first, last = min(group.min for group in groups), max(group.max for group in groups)
    return _in_utc(first), _in_utc(last)


def _in_utc(stamp: datetime) -> datetime:
    return stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)


def _statistics(metadata: pq.FileMetaData, column: str) -> Iterator[pq.Statistics]:
    """The column's statistics in each row group that has some."""
    for group in range(metadata.num_row_groups):
        leaves = metadata.row_group(group)
        for position in range(leaves.num_columns):
            leaf = leaves.column(position)
            if leaf.path_in_schema == column and leaf.statistics is not None:
                yield leaf.statistics
