"""The truth of a simulated world: expected relevance of every logged pair. The only reader of the truth directory.

Real logs have no such file, and nothing that trains or serves may import this module.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from metier.errors import ContractError, DataError, InputError

Ids: TypeAlias = Sequence[str] | npt.NDArray

FILE = "impressions.parquet"
COLUMNS = ("query_id", "candidate_id", "true_relevance")
SEARCHES = "searches.parquet"


def has_truth(directory: Path) -> bool:
    """Whether a simulated world's truth lies in `directory`."""
    return (directory / FILE).exists()


def true_relevance(directory: Path, query_id: Ids, candidate_id: Ids) -> npt.NDArray[np.float32]:
    """True relevance of each logged pair, float32 (n,), in the order given; NaN for pairs the truth does not hold.

    DataError when it holds none of them: the truth of another world.
    """
    import duckdb

    if len(query_id) != len(candidate_id):
        raise InputError(f"{len(query_id)} query ids beside {len(candidate_id)} candidate ids; give one pair a row")
    path = _readable(directory)
    positions = pa.array(np.arange(len(query_id)))
    pairs = pa.table({"position": positions, "query_id": _text(query_id), "candidate_id": _text(candidate_id)})
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("pairs", pairs)
        joined = connection.sql(
            "SELECT any_value(t.true_relevance)::FLOAT AS relevance FROM pairs LEFT JOIN read_parquet(?) AS t "
            "USING (query_id, candidate_id) GROUP BY pairs.position ORDER BY pairs.position",
            params=[str(path)],
        ).to_arrow_table()
    relevance: npt.NDArray[np.float32] = joined["relevance"].to_numpy().astype(np.float32)
    if len(relevance) and np.isnan(relevance).all():
        raise DataError(f"{path} knows none of the {len(relevance)} pairs; it belongs to another world: simulate again")
    return relevance


def off_profile(directory: Path, query_id: Ids) -> npt.NDArray[np.bool_]:
    """(n,) which queries have a text about another trade than the asker's; none where the truth says nothing of it."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    path = directory / SEARCHES
    if not path.exists():
        return np.zeros(len(query_id), np.bool_)
    searches = pq.read_table(path, columns=["query_id", "off_profile"])
    found: npt.NDArray[np.bool_] = pc.is_in(
        _text(query_id), value_set=searches.filter(searches["off_profile"])["query_id"]
    ).to_numpy(zero_copy_only=False)
    return found


def _readable(directory: Path) -> Path:
    import pyarrow.parquet as pq

    path = directory / FILE
    if not path.exists():
        raise InputError(f"no truth at {path}; only a simulated lake has one (`metier simulate`)")
    missing = set(COLUMNS) - set(pq.read_schema(path).names)
    if missing:
        raise ContractError(f"{path} lacks {', '.join(sorted(missing))}; simulate again with this version")
    return path


def _text(ids: Ids) -> pa.Array:
    return ids if isinstance(ids, pa.Array | pa.ChunkedArray) else pa.array(ids, type=pa.string())
