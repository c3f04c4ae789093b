"""Run sql/*.sql over the lake as of a moment and write one Parquet file a feature view.

Every row holds only what was known at its event_timestamp (section "as known" of the architecture): both times of
each source lie at or before it. Knows no Feast and no encoder; embeddings come as an argument.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from feature_repo.histories import fold, history_schema
from feature_repo.text import headline, text_key
from metier.contract import TIMESTAMP
from metier.errors import FeatureError
from metier.lake import Lake

PROFILE_VIEWS = ("freelancer_profile", "job_profile", "client_profile")
ACTIVITY_VIEWS = ("freelancer_activity", "job_activity", "client_activity")
HISTORY_VIEWS = {"freelancer_history": "freelancer_id", "client_history": "client_id"}
VIEWS = (*PROFILE_VIEWS, *ACTIVITY_VIEWS, *HISTORY_VIEWS)
TEXT_VIEWS = {
    "freelancer_text": ("freelancer_profile", "freelancer_id"),
    "job_text": ("job_profile", "job_id"),
}
MEMORY_LIMIT = "1500MB"
ROWS_A_BATCH = 100_000
VECTORS_A_BATCH = 10_000


class TextCorpus(NamedTuple):
    """Distinct texts with their keys and titles, and the headlines (one a card) that place words are weighed by."""

    keys: list[str]
    texts: list[str]
    titles: list[str]
    headlines: list[str]


def build_feature_tables(
    lake: Lake, as_of: datetime, out_dir: Path, progress: Callable[[str], None] | None = None
) -> dict[str, int]:
    """Write `<view>.parquet` for every view but the text views; rows written by view."""
    out_dir.mkdir(parents=True, exist_ok=True)
    tell = progress or (lambda line: None)
    written: dict[str, int] = {}
    with _connection(lake, as_of, out_dir) as connection:
        connection.execute(_sql("visible_events"))
        for view in VIEWS:
            path = out_dir / f"{view}.parquet"
            written[view] = _write(path, *_batches(connection, view))
            if view in PROFILE_VIEWS:
                connection.execute(f"CREATE TEMP TABLE {view} AS FROM read_parquet('{_quoted(path)}')")
            tell(f"{view}: {written[view]:,} rows")
    return written


def distinct_texts(lake: Lake, as_of: datetime) -> TextCorpus:
    """Texts of every version of a job or freelancer that was visible by `as_of`, ordered by key."""
    with lake.connect(as_of) as connection:
        _set_clock(connection, as_of)
        texts = connection.sql(_sql("texts")).to_arrow_table()
        cards = connection.sql(_sql("headlines")).to_arrow_table()
    columns = [cards[name].to_pylist() for name in ("title", "city", "region", "company")]
    return TextCorpus(
        texts["text_key"].to_pylist(),
        texts["text"].to_pylist(),
        texts["title"].to_pylist(),
        [headline(*card) for card in zip(*columns, strict=True)],
    )


def distinct_query_texts(lake: Lake, as_of: datetime) -> tuple[list[str], list[str]]:
    """Keys and distinct texts that actors typed by `as_of`, ordered by text."""
    with lake.connect(as_of) as connection:
        rows = connection.execute(
            "SELECT DISTINCT text FROM queries WHERE trim(text) != '' AND event_timestamp <= ? ORDER BY text", [as_of]
        ).fetchall()
    texts = [text for (text,) in rows]
    return [text_key(text) for text in texts], texts


def write_text_views(features_dir: Path, keys: Sequence[str], embeddings: npt.NDArray[np.float32]) -> dict[str, int]:
    """Write freelancer_text and job_text: the vector of each profile version, visible with it; rows by view.

    `embeddings` is (len(keys), d). FeatureError when a profile has a text that was not encoded.
    """
    known = pa.array(keys, pa.string())
    return {
        view: _write_text_view(features_dir, view, profile, key, known, embeddings)
        for view, (profile, key) in TEXT_VIEWS.items()
    }


def _write_text_view(
    features_dir: Path, view: str, profile: str, key: str, known: pa.Array, embeddings: npt.NDArray[np.float32]
) -> int:
    columns = [key, "event_timestamp", "recorded_at", "text_key"]
    versions = pq.read_table(features_dir / f"{profile}.parquet", columns=columns)
    rows = pc.index_in(versions["text_key"], value_set=known)
    if rows.null_count:
        raise FeatureError(
            f"{rows.null_count} versions in {profile} have a text without a vector; "
            "encode distinct_texts() of the same lake and moment, then write the text views again"
        )
    schema = pa.schema([*(versions.schema.field(name) for name in columns), ("embedding", pa.list_(pa.float32()))])
    positions = rows.to_numpy()

    def batches() -> Iterator[pa.Table]:
        for start in range(0, versions.num_rows, VECTORS_A_BATCH):
            part = versions.slice(start, VECTORS_A_BATCH)
            vectors = embeddings[positions[start : start + VECTORS_A_BATCH]]
            offsets = np.arange(len(vectors) + 1, dtype=np.int32) * embeddings.shape[1]
            lists = pa.ListArray.from_arrays(offsets, pa.array(vectors.ravel(), pa.float32()))
            yield part.append_column(schema.field("embedding"), lists)

    return _write(features_dir / f"{view}.parquet", schema, batches())


@contextmanager
def _connection(lake: Lake, as_of: datetime, out_dir: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The lake as of a moment, with bounded memory and a spill folder that goes away."""
    with TemporaryDirectory(dir=out_dir, prefix=".spill-") as spill, lake.connect(as_of) as connection:
        connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
        connection.execute(f"SET temp_directory = '{_quoted(Path(spill))}'")
        _set_clock(connection, as_of)
        yield connection


def _set_clock(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> None:
    connection.execute(f"SET VARIABLE as_of = TIMESTAMPTZ '{as_of.astimezone(UTC).isoformat()}'")


def _batches(connection: duckdb.DuckDBPyConnection, view: str) -> tuple[pa.Schema, Iterator[pa.Table]]:
    """Schema and batches of a view: its SQL file's last statement, ordered by event_timestamp, then key."""
    *before, last = connection.extract_statements(_sql(view))
    for statement in before:
        connection.execute(statement)
    if view in HISTORY_VIEWS:
        key = HISTORY_VIEWS[view]
        interactions = connection.sql(last.query).to_arrow_table()
        return history_schema(key, interactions.schema), _by_time(fold(key, interactions), key)
    reader = connection.sql(last.query).to_arrow_reader(ROWS_A_BATCH)
    return reader.schema, (pa.Table.from_batches([batch]) for batch in reader)


def _by_time(batches: Iterator[pa.Table], key: str) -> Iterator[pa.Table]:
    tables = list(batches)
    if tables:
        whole = pa.concat_tables(tables)
        yield whole.sort_by([("event_timestamp", "ascending"), (key, "ascending")])


def _write(path: Path, schema: pa.Schema, batches: Iterator[pa.Table]) -> int:
    """Write beside and rename, so that a reader sees the old file or the new one, never half of it."""
    beside = path.with_name(f".{path.name}.writing")
    fields = [pa.field(f.name, TIMESTAMP if pa.types.is_timestamp(f.type) else f.type) for f in schema]
    exact = pa.schema(fields)
    rows = 0
    with pq.ParquetWriter(beside, exact, compression="zstd") as writer:
        for batch in batches:
            writer.write_table(batch.cast(exact))
            rows += batch.num_rows
    beside.replace(path)
    return rows


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _sql(name: str) -> str:
    return (resources.files("feature_repo") / "sql" / f"{name}.sql").read_text()
