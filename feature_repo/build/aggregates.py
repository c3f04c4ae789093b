"""Build the feature views from the lake, as of a moment: sql/*.sql, run over blocks of the days that changed.

Every row holds only what was known at its event_timestamp (docs/decisions/0003): both times of each source lie at or
before it. So days before the first change stay as they are, whatever came in since, and memory
follows the events of a block's windows, not the log. Knows no Feast, and nothing of vectors.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from components.language.taxonomy import Taxonomy, shipped_taxonomy
from feature_repo.build.built import Built, change, definition, sources, take_back
from feature_repo.build.by_day import DayFiles, day_of, day_path, days_in, midnight
from feature_repo.build.covisits import write_covisits
from feature_repo.build.histories import fold, history_schema, newest
from feature_repo.build.macros import define_macros, sql
from feature_repo.views import view_of
from metier.durable import remove_unfinished
from metier.errors import FeatureError
from metier.lake import Lake
from metier.locks import exclusively

PROFILE_VIEWS = ("freelancer_profile", "job_profile", "client_profile")
ACTIVITY_VIEWS = ("freelancer_activity", "job_activity", "client_activity")
HISTORY_VIEWS = {"freelancer_history": "freelancer_id", "client_history": "client_id"}
VIEWS = (*PROFILE_VIEWS, *ACTIVITY_VIEWS, *HISTORY_VIEWS)
MEMORY_LIMIT = "1500MB"
THREADS = 2
ROWS_A_BATCH = 100_000
COUNTED_A_BLOCK = 20_000_000
"""Days are computed together up to this sum of the events that their snapshots count."""

Progress = Callable[[str], None]


def build_feature_tables(
    lake: Lake,
    as_of: datetime,
    out_dir: Path,
    progress: Progress | None = None,
    since: datetime | None = None,
    taxonomy: Taxonomy | None = None,
) -> dict[str, int]:
    """Bring the folder `<view>` of every view but the text views up to `as_of`; rows written by view.

    Days before the first change are left alone; `since` has the days from its own on built in any case. Texts are read
    by the taxonomy, by default the shipped one. FeatureError while another process builds.
    """
    known = taxonomy or shipped_taxonomy()
    defined = definition(known)
    out_dir.mkdir(parents=True, exist_ok=True)
    report = progress or (lambda line: None)
    with exclusively(out_dir / ".building", FeatureError(f"another process builds {out_dir}; wait until it is done")):
        remove_unfinished(out_dir)
        built, files = Built.read(out_dir), sources(lake)
        needed = change(lake, built, files, as_of, defined)
        if since is not None:
            needed = needed.widened(day_of(since))
        report(needed.reason)
        if needed.first_day is None:
            return dict.fromkeys(VIEWS, 0)
        first = needed.first_day
        take_back(out_dir, built, first)
        rows = _build(lake, as_of, out_dir, first, report, known)
        Built(as_of.isoformat(), defined, tuple(sorted(files))).write(out_dir)
    return rows


def _build(
    lake: Lake, as_of: datetime, out_dir: Path, first: int, report: Progress, taxonomy: Taxonomy
) -> dict[str, int]:
    last = day_of(as_of)
    for earlier in out_dir.glob("*.parquet"):  # a view was one file once: left here, it would outlive the forgotten
        earlier.unlink()
    files = {view: DayFiles(out_dir / view) for view in VIEWS}
    with _connection(lake, as_of, out_dir) as connection:
        define_macros(connection, taxonomy)
        _set_block(connection, first, as_of)
        for view in PROFILE_VIEWS:
            report(f"{view}: {files[view].write(*_rows(connection, view)):,} rows")
            files[view].finish(first, last)
            _view(connection, view, files[view].folder)
        connection.execute(sql("visible_events"))
        days = connection.execute(sql("active_days")).fetchall()
        before = {view: _newest_before(connection, files[view].folder, view, first) for view in HISTORY_VIEWS}
        for start, end in _blocks(days or [(last, 0)]):
            _set_block(connection, start, min(midnight(end), as_of))
            connection.execute(sql("shown"))
            for view in ACTIVITY_VIEWS:
                files[view].write(*_rows(connection, view))
            for view in HISTORY_VIEWS:
                before[view] = _write_histories(connection, files[view], view, before[view])
            report(f"{midnight(start):%Y-%m-%d} to {midnight(end):%Y-%m-%d}: activity and histories")
    for view in (*ACTIVITY_VIEWS, *HISTORY_VIEWS):
        files[view].finish(first, last)
        report(f"{view}: {files[view].rows:,} rows")
    pairs = write_covisits(lake, as_of, out_dir)
    report(f"co-visits: {sum(pairs.values()):,} counts of pairs")
    return {view: files[view].rows for view in VIEWS}


def _blocks(days: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """(First, last day) of blocks that hold all of the days (number, events counted), which are in order."""
    sums = np.cumsum([events for _, events in days]) // COUNTED_A_BLOCK
    for _, block in groupby(zip(sums, days, strict=True), key=itemgetter(0)):
        numbers = [day for _, (day, _) in block]
        yield numbers[0], numbers[-1]


def _write_histories(
    connection: duckdb.DuckDBPyConnection, files: DayFiles, view: str, before: pa.Table | None
) -> pa.Table | None:
    """Fold the block's interactions onto each entity's version in `before`; the newest versions afterwards."""
    key = HISTORY_VIEWS[view]
    interactions = _query(connection, view).to_arrow_table()
    schema = history_schema(key, interactions.schema)
    versions = pa.concat_tables([schema.empty_table(), *fold(key, interactions, before)])
    files.write(schema, [versions.sort_by([("event_timestamp", "ascending"), (key, "ascending")])])
    return newest(key, versions, before)


def _newest_before(connection: duckdb.DuckDBPyConnection, folder: Path, view: str, first: int) -> pa.Table | None:
    """The newest history version before the first day of each entity that turned to something since."""
    paths = [day_path(folder, day) for day in days_in(folder) if day < first]
    if not paths:
        return None
    key = HISTORY_VIEWS[view]
    files = f"read_parquet([{', '.join(map(_literal, paths))}], hive_partitioning = false)"
    return connection.sql(
        f"SELECT versions.* FROM {files} versions JOIN ("
        f"SELECT {key}, max(event_timestamp) AS event_timestamp FROM {files} "
        f"WHERE {key} IN (SELECT {key} FROM acts WHERE client_visible_at > block_start()) GROUP BY {key}"
        f") USING ({key}, event_timestamp)"
    ).to_arrow_table()


@contextmanager
def _connection(lake: Lake, as_of: datetime, out_dir: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The lake as of a moment, with bounded memory and a spill folder that goes away, at the latest with the next."""
    spill = out_dir / ".building.spill"
    shutil.rmtree(spill, ignore_errors=True)
    with lake.connect(as_of) as connection:
        connection.execute(f"SET threads = {THREADS}")
        connection.execute("SET parquet_metadata_cache = true")
        connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
        connection.execute(f"SET temp_directory = {_literal(spill)}")
        yield connection
    shutil.rmtree(spill, ignore_errors=True)


def _set_block(connection: duckdb.DuckDBPyConnection, first: int, clock: datetime) -> None:
    connection.execute(f"SET VARIABLE first_day = {first}::BIGINT")
    connection.execute(f"SET VARIABLE clock = TIMESTAMPTZ '{clock.astimezone(UTC).isoformat()}'")


def _rows(connection: duckdb.DuckDBPyConnection, view: str) -> tuple[pa.Schema, Iterator[pa.Table]]:
    """Schema and batches of a view's rows in the block."""
    reader = _query(connection, view).to_arrow_reader(ROWS_A_BATCH)
    _require_declared(view, reader.schema.names)
    return reader.schema, (pa.Table.from_batches([batch]) for batch in reader)


def _require_declared(view: str, columns: Sequence[str]) -> None:
    """FeatureError where the SQL of a view gives other features than its definition declares."""
    declared = view_of(view)
    names = {declared.key, "event_timestamp", "recorded_at", *declared.features}
    if names != set(columns):
        raise FeatureError(
            f"sql/{view}.sql lacks {sorted(names - set(columns))} of views.py, which lacks "
            f"{sorted(set(columns) - names)} of it; name a feature in both"
        )


def _query(connection: duckdb.DuckDBPyConnection, view: str) -> duckdb.DuckDBPyRelation:
    """The last statement of the view's SQL file, after those before it."""
    *before, last = connection.extract_statements(sql(view))
    for statement in before:
        connection.execute(statement)
    return connection.sql(last.query)


def _view(connection: duckdb.DuckDBPyConnection, name: str, folder: Path) -> None:
    files = _literal(folder / "*.parquet")
    connection.execute(f"CREATE TEMP VIEW {name} AS FROM read_parquet({files}, hive_partitioning = false)")


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
