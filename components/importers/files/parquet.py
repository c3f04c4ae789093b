"""A Parquet file in pieces, its columns typed as stored."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from metier.errors import ContractError

PIECE_ROWS = 131_072
"""A larger file comes in pieces of so many rows."""


def parquet_pieces(path: Path) -> Iterator[pa.Table]:
    """One piece at least, that a file without rows is noticed."""
    try:
        with pq.ParquetFile(path) as file:
            if file.metadata.num_rows == 0:
                yield file.schema_arrow.empty_table()
            for batch in file.iter_batches(PIECE_ROWS):
                yield pa.Table.from_batches([batch])
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise ContractError(f"{path} cannot be read as Parquet ({reason}); export it again") from error
