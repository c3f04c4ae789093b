"""Point-in-time joins on partitions of the entity rows, each a Ray task: rows, order and values as in one process.

Rows are partitioned by a hash of the view's join key, so that one task alone sorts the versions of a key. Works in
the Ray that this process is connected to; else in the one that RAY_ADDRESS names, else in one that ends with the join.
Every node must see the feature tables at the same path. Knows no Feast.
"""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import ray

from feature_repo.offline.asof_read import ROWS_AT_ONCE, VersionReader, ViewJoin
from metier.errors import FeatureError
from metier.own_ray import LOOPBACK
from metier.settings import load_settings

TIMEOUT_S = 3_600
"""For one view of one retrieval."""


def as_of(
    reader: VersionReader,
    partitions: int,
    entities: pa.Table,
    moment: str,
    joins: Sequence[ViewJoin],
    created_by_then: bool = False,
) -> pa.Table:
    """What `reader.as_of` answers. `reader` says what each task may use."""
    result = entities
    with _connected():
        for join in joins:
            partition = _partition_of(entities, join.entity_keys, partitions)
            rows = [np.flatnonzero(partition == number) for number in np.unique(partition)] or [np.arange(0)]
            entity_rows = entities.select(list(dict.fromkeys([*join.entity_keys, moment])))
            task = ray.remote(_features).options(num_cpus=reader.threads)
            parts = _answers(
                [task.remote(reader, entity_rows.take(index), moment, join, created_by_then) for index in rows]
            )
            columns = pa.concat_tables(_in_order(parts, rows, entities.num_rows))
            for name in join.features.values():
                result = result.append_column(name, columns[name])
    return result


def _features(
    reader: VersionReader, entity_rows: pa.Table, moment: str, join: ViewJoin, created_by_then: bool
) -> pa.Table:
    """A task: the columns that one view adds to its rows."""
    return reader.as_of(entity_rows, moment, [join], created_by_then).select(list(join.features.values()))


def _partition_of(entities: pa.Table, keys: Sequence[str], partitions: int) -> npt.NDArray[np.int64]:
    """Partition of each row: by its key, or block by block where there is none."""
    if keys:
        hashed = pd.util.hash_pandas_object(entities.select(list(dict.fromkeys(keys))).to_pandas(), index=False)
        partition = hashed.to_numpy() % partitions
    else:
        partition = np.arange(entities.num_rows) * partitions // max(entities.num_rows, 1)
    return np.asarray(partition, dtype=np.int64)


def _answers(tasks: Sequence["ray.ObjectRef"]) -> list[pa.Table]:
    """Every task's answer; where one fails the others run to their end: Ray aborts on a cancelled answer."""
    try:
        return list(ray.get(list(tasks), timeout=TIMEOUT_S))
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, FeatureError):
            raise error.cause from None
        raise
    except ray.exceptions.GetTimeoutError as error:
        for task in tasks:
            ray.cancel(task)
        raise FeatureError(f"Ray gave no answer within {TIMEOUT_S} s; see `ray status`, or join without Ray") from error


def _in_order(parts: Sequence[pa.Table], rows: Sequence[npt.NDArray[np.int64]], n_rows: int) -> Iterator[pa.Table]:
    """The parts' rows in the order of the row numbers that each holds, ascending in each; a stretch at a time."""
    yield parts[0].slice(0, 0)
    for start in range(0, n_rows, ROWS_AT_ONCE):
        ends = [np.searchsorted(numbers, [start, start + ROWS_AT_ONCE]) for numbers in rows]
        stretch = [part.slice(low, high - low) for part, (low, high) in zip(parts, ends, strict=True)]
        numbers = np.concatenate([part_rows[low:high] for part_rows, (low, high) in zip(rows, ends, strict=True)])
        yield pa.concat_tables(stretch).combine_chunks().take(pa.array(np.argsort(numbers)))


@contextmanager
def _connected() -> Iterator[None]:
    if ray.is_initialized():
        yield
        return
    address = load_settings().ray_address
    own = {"address": "local", "include_dashboard": False, "_node_ip_address": LOOPBACK}
    ray.init(
        **({"address": address} if address else own),
        log_to_driver=False,
        logging_level="ERROR",
        configure_logging=False,
    )
    try:
        yield
    finally:
        disconnect()


def disconnect() -> None:
    """Leave Ray. Ray ends the process where another thread frees a reference meanwhile, so none is left as garbage."""
    collects = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        ray.shutdown()
    finally:
        if collects:
            gc.enable()
