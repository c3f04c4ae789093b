"""The texts of a lake by key, and the feature views that hold the vector of each profile version's text.

Knows no encoder: embeddings come as an argument.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from feature_repo.build.built import BEGINNING
from feature_repo.build.by_day import DayFiles, day_path, days_in
from feature_repo.build.macros import define_macros, sql
from feature_repo.texts.text import headline, text_key
from metier.errors import FeatureError
from metier.lake import Lake

TEXT_VIEWS = {
    "freelancer_text": ("freelancer_profile", "freelancer_id"),
    "job_text": ("job_profile", "job_id"),
}
VECTORS_A_BATCH = 10_000
ENCODER = b"metier.encoder"


class TextCorpus(NamedTuple):
    """A text of each key with its title, and the headlines (one a card) that place words are weighed by."""

    keys: list[str]
    texts: list[str]
    titles: list[str]
    headlines: list[str]


def distinct_texts(lake: Lake, as_of: datetime) -> TextCorpus:
    """Texts of every version of a job or freelancer that was visible by `as_of`, ordered by key."""
    with lake.connect(as_of) as connection:
        connection.execute(f"SET VARIABLE clock = TIMESTAMPTZ '{as_of.astimezone(UTC).isoformat()}'")
        define_macros(connection)
        texts = connection.sql(sql("texts")).to_arrow_table()
        cards = connection.sql(sql("headlines")).to_arrow_table()
    columns = [cards[name].to_pylist() for name in ("title", "city", "region", "company")]
    return TextCorpus(
        texts["text_key"].to_pylist(),
        texts["text"].to_pylist(),
        texts["title"].to_pylist(),
        [headline(*card) for card in zip(*columns, strict=True)],
    )


def distinct_query_texts(lake: Lake, as_of: datetime) -> tuple[list[str], list[str]]:
    """Keys of texts that actors typed by `as_of`, and a text of each; ordered by text."""
    with lake.connect(as_of) as connection:
        rows = connection.execute(
            "SELECT DISTINCT text FROM queries WHERE trim(text) != '' AND event_timestamp <= ? ORDER BY text", [as_of]
        ).fetchall()
    text_of: dict[str, str] = {}
    for (text,) in rows:
        text_of.setdefault(text_key(text), text)
    return list(text_of), list(text_of.values())


def write_text_views(
    features_dir: Path, keys: Sequence[str], embeddings: npt.NDArray[np.float32], encoder: str = ""
) -> dict[str, int]:
    """Write freelancer_text and job_text: the vector of each profile version, visible with it; rows written by view.

    `embeddings` is (len(keys), d), of the encoder with that hash. A day that has the vectors of its versions by that
    encoder is left alone. FeatureError when a profile has a text that was not encoded.
    """
    encoded = pa.array(keys, pa.string())
    return {
        view: _write_text_view(features_dir / view, features_dir / profile, key, encoded, embeddings, encoder)
        for view, (profile, key) in TEXT_VIEWS.items()
    }


def _write_text_view(
    folder: Path, profile: Path, key: str, encoded: pa.Array, embeddings: npt.NDArray[np.float32], encoder: str
) -> int:
    files, columns, days = DayFiles(folder), [key, "event_timestamp", "recorded_at", "text_key"], days_in(profile)
    for day in days:
        versions = pq.read_table(day_path(profile, day), columns=columns)
        if _holds(day_path(folder, day), versions, encoder):
            files.keep(day)
            continue
        schema = versions.schema.append(pa.field("embedding", pa.list_(pa.float32())))
        rows = pc.index_in(versions["text_key"], value_set=encoded)
        if rows.null_count:
            raise FeatureError(
                f"{rows.null_count} versions in {profile.name} have a text without a vector; "
                "encode distinct_texts() of the same lake and moment, then write the text views again"
            )
        files.write(schema.with_metadata({ENCODER: encoder}), _vectors(schema, versions, rows.to_numpy(), embeddings))
    if days:
        files.finish(BEGINNING, days[-1])
    return files.rows


def _holds(path: Path, versions: pa.Table, encoder: str) -> bool:
    """Whether the file has the vectors of these versions by that encoder."""
    if not path.exists() or (pq.read_schema(path).metadata or {}).get(ENCODER) != encoder.encode():
        return False
    return bool(pq.read_table(path, columns=versions.column_names).equals(versions))


def _vectors(
    schema: pa.Schema, versions: pa.Table, rows: npt.NDArray[np.int64], embeddings: npt.NDArray[np.float32]
) -> Iterator[pa.Table]:
    for start in range(0, versions.num_rows, VECTORS_A_BATCH):
        part = versions.slice(start, VECTORS_A_BATCH)
        vectors = embeddings[rows[start : start + VECTORS_A_BATCH]]
        offsets = np.arange(len(vectors) + 1, dtype=np.int32) * embeddings.shape[1]
        lists = pa.ListArray.from_arrays(offsets, pa.array(vectors.ravel(), pa.float32()))
        yield part.append_column(schema.field("embedding"), lists)
