"""A data set on disk: the feature matrix in a file that is mapped, all other columns in Parquet, metadata in JSON.

    features-<sha256>.npy   float32 (n_rows, n_features), row by row
    rows-<sha256>.parquet   one column of every other array
    dataset.json            names the two and is written last: a reader sees the old set or the new one

Knows arrays and files, nothing of what they mean.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from components.measures.arrays import Floats
from components.training_sets.dataset.checked import row_blocks
from metier.durable import replacing, write_whole
from metier.errors import InputError

FORMAT_VERSION = 2
METADATA_FILE = "dataset.json"
FEATURE_PREFIX = "feature."
"""Format 1 held each feature as a column of this prefix among the rows."""


def write(folder: Path, features: Floats, columns: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any]) -> None:
    """Write the arrays, then the metadata; files of an earlier set go last."""
    folder.mkdir(parents=True, exist_ok=True)
    named = {"features": _write_matrix(folder, features), "rows": _write_rows(folder, columns)}
    content = {"format_version": FORMAT_VERSION, **named, "n_rows": len(features), **metadata}
    write_whole(folder / METADATA_FILE, json.dumps(content, indent=1, ensure_ascii=False))
    for stale in (*folder.glob("rows-*.parquet"), *folder.glob("features-*.npy")):
        if stale.name not in named.values():
            stale.unlink()


def read(folder: Path) -> tuple[dict[str, Any], Floats, dict[str, NDArray[Any]]]:
    """(metadata, features, columns) as `write` left them. The features are mapped: what is changed stays in memory."""
    path = folder / METADATA_FILE
    if not path.is_file():
        raise InputError(f"no training set at {folder}: {METADATA_FILE} is missing; write one there first")
    metadata = json.loads(path.read_text(encoding="utf-8"))
    if metadata["format_version"] not in (1, FORMAT_VERSION):
        raise InputError(
            f"{path} has format version {metadata['format_version']}, this metier reads {FORMAT_VERSION}; "
            "build the training set again"
        )
    table = pq.read_table(folder / metadata["rows"])
    names = [name for name in table.column_names if not name.startswith(FEATURE_PREFIX)]
    columns = {name: _array(table[name]) for name in names}
    if metadata["format_version"] == 1:
        return metadata, _format_1_features(table, metadata["feature_names"]), columns
    return metadata, np.load(folder / metadata["features"], mmap_mode="c"), columns


def _write_matrix(folder: Path, features: Floats) -> str:
    digest = hashlib.sha256()
    header = {"descr": np.lib.format.dtype_to_descr(features.dtype), "fortran_order": False, "shape": features.shape}
    with replacing(folder / "features.npy") as written:
        with written.open("wb") as file:
            np.lib.format.write_array_header_2_0(file, header)
            for rows in row_blocks(len(features)):
                block = np.ascontiguousarray(features[rows]).data
                digest.update(block)
                file.write(block)
        name = f"features-{digest.hexdigest()[:16]}.npy"
        written.replace(folder / name)
    return name


def _write_rows(folder: Path, columns: Mapping[str, NDArray[Any]]) -> str:
    with replacing(folder / "rows.parquet") as written:
        table = pa.table({name: pa.array(column) for name, column in columns.items()})
        pq.write_table(table, written, compression="zstd", row_group_size=131_072)
        with written.open("rb") as file:
            name = f"rows-{hashlib.file_digest(file, 'sha256').hexdigest()[:16]}.parquet"
        written.replace(folder / name)
    return name


def _array(column: pa.ChunkedArray) -> NDArray[Any]:
    """The column in numpy; strings without an object for each row, since the rows of a query share one."""
    if not pa.types.is_string(column.type):
        return np.array(column.to_numpy())  # of its own: Arrow's memory cannot be written
    coded = column.combine_chunks().dictionary_encode()
    values: NDArray[Any] = np.asarray(coded.dictionary.to_pylist(), dtype=np.str_)[coded.indices.to_numpy()]
    return values


def _format_1_features(table: pa.Table, names: list[str]) -> Floats:
    features = np.empty((table.num_rows, len(names)), dtype=np.float32)
    for position, name in enumerate(names):
        features[:, position] = table[FEATURE_PREFIX + name].to_numpy()
    return features
