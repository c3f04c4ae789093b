"""RecBole's `.inter` files as first positives, for leave-last-out evaluation. Knows no lake and no features."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from components.ranking_files.text_file import read_text
from metier.errors import InputError

_NEEDED = {"user_id": "token", "item_id": "token", "timestamp": "float"}
_MILLISECONDS_FROM = 1e11
"""Timestamps beyond this are milliseconds: as seconds they would lie after the year 5000."""


def read_inter(path: Path) -> pa.Table:
    """actor_id, candidate_id, event_timestamp, relevance: the first row of each user and item, by time.

    The file is separated by tabs under a header of `name:type`: user_id, item_id and timestamp (seconds or
    milliseconds); rating, where it has one, is the relevance, else 1. InputError names what it lacks.
    """
    rows = _table(path)
    for name in ("user_id", "item_id"):
        if (row := pc.index(pc.equal(pc.utf8_trim_whitespace(rows[name]), ""), True).as_py()) >= 0:
            raise InputError(f"{path}, row {row + 1} has no {name}; give it one or remove the row")
    stamps = _moments(rows["timestamp"], path)
    rating = rows["rating"] if "rating" in rows.column_names else pa.array(np.ones(rows.num_rows))
    table = pa.table(
        {
            "actor_id": rows["user_id"],
            "candidate_id": rows["item_id"],
            "event_timestamp": stamps,
            "relevance": pc.cast(rating, pa.float32()),
        }
    ).sort_by([("event_timestamp", "ascending"), ("actor_id", "ascending"), ("candidate_id", "ascending")])
    pairs = table.append_column("row", pa.array(np.arange(table.num_rows))).group_by(["actor_id", "candidate_id"])
    first = np.sort(pairs.aggregate([("row", "min")])["row_min"].to_numpy())
    return table.take(pa.array(first))


def _table(path: Path) -> pa.Table:
    """The columns under the names before the colon; tokens as text."""
    content = read_text(path)
    header = content.partition(b"\n")[0].decode().strip().split("\t")
    names = [name.partition(":")[0] for name in header]
    for name, kind in _NEEDED.items():
        if name not in names:
            raise InputError(
                f"{path} has no column {name}:{kind} in its header ({', '.join(header)[:120]}); "
                "give a RecBole .inter file with a header, separated by tabs"
            )
    numbers = {"timestamp": pa.float64(), "rating": pa.float64()}
    types = {name: numbers.get(name, pa.string()) for name in names}
    try:
        return pa_csv.read_csv(
            pa.BufferReader(content),
            pa_csv.ReadOptions(use_threads=False, column_names=names, skip_rows=1),
            pa_csv.ParseOptions(delimiter="\t", quote_char=False),
            pa_csv.ConvertOptions(column_types=types, include_columns=[n for n in names if n in (*_NEEDED, "rating")]),
        )
    except pa.ArrowInvalid as error:
        raise InputError(f"{path} cannot be read as tab-separated rows ({error}); correct that row") from error


def _moments(stamps: pa.ChunkedArray, path: Path) -> pa.Array:
    seconds = stamps.to_numpy()
    unfit = ~np.isfinite(seconds) | (seconds < 0)
    if unfit.any():
        raise InputError(f"{path}, row {int(unfit.argmax()) + 1} has no usable timestamp; remove rows without a time")
    micros = np.where(seconds > _MILLISECONDS_FROM, seconds * 1e3, seconds * 1e6)
    return pa.array(np.rint(micros).astype(np.int64), pa.timestamp("us", tz="UTC"))
