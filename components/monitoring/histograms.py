"""What a feature view holds at a moment: its keys' newest versions as counts of nulls and as histograms.

DuckDB counts over the Parquet file, within bounded memory; no value leaves it but the edges of bins and the names of
frequent categories. Numbers and lengths of lists have bins, short texts have categories. Only nulls are counted of
moments, which drift with the clock, and of texts that name someone or something, so that no state of monitoring holds
them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Literal

import duckdb
import pyarrow as pa

from feature_repo.offline.asof_read import VersionReader, table_schema
from feature_repo.offline.asof_sql import VersionTable, quoted, row_ids_of_newest, rows_at
from metier.errors import FeatureError
from metier.stored import Moment

Kind = Literal["number", "category"]
Bins = tuple[float, ...] | tuple[str, ...]
NAMING = frozenset({"title", "text_key", "client_id", "agency_id", "company"})
"""Columns whose values are not kept."""
MOST_CATEGORIES = 30
DECILES = [tenth / 10 for tenth in range(1, 10)]
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class WatchedView:
    """A feature view's file, its key, and the columns to watch."""

    name: str
    path: Path
    key: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Histogram:
    """Counts of values by bin; one more than `bins`.

    Numbers: `bins` are edges, bin i holds what is above edge i - 1 and not above edge i. Categories: `bins` are
    names, and the last count is of every other category.
    """

    kind: Kind
    bins: Bins
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        """Number of values."""
        return sum(self.counts)


@dataclass(frozen=True)
class ColumnState:
    """Number of nulls, and a histogram of the rest unless the column names someone or something."""

    nulls: int
    histogram: Histogram | None = None


@dataclass(frozen=True)
class ViewState:
    """Number of keys, the newest event_timestamp (None: no rows), and the columns by name."""

    rows: int
    newest: Moment | None
    columns: Mapping[str, ColumnState] = field(default_factory=dict)


def measure(reader: VersionReader, view: WatchedView, as_of: datetime, reference: ViewState | None) -> ViewState:
    """The view as of a moment, in the bins of `reference`; a column that it does not know gets bins of its own.

    FeatureError where the file or a column is missing.
    """
    schema = table_schema(view.path)
    missing = [name for name in view.columns if name not in schema.names]
    if missing:
        raise FeatureError(f"{view.path} lacks {missing}; build it again (`metier pipeline run features`)")
    reference_columns = reference.columns if reference else {}
    with reader.connect() as connection:
        _keep_newest(connection, view, schema, as_of)
        ((rows, newest),) = connection.execute("SELECT count(*), max(event_timestamp) FROM newest").fetchall()
        columns = {}
        for name in view.columns:
            kind = _kind(name, schema.field(name).type)
            columns[name] = _measure_column(connection, name, kind, reference_columns.get(name))
    return ViewState(rows, newest.astimezone(UTC) if newest else None, columns)


def _keep_newest(connection: duckdb.DuckDBPyConnection, view: WatchedView, schema: pa.Schema, as_of: datetime) -> None:
    """Create the table `newest`: each key's newest version, its columns as numbers, texts, or whether they are null."""
    versions = VersionTable(str(view.path), (view.key,), "event_timestamp", "recorded_at")
    selected = ", ".join(f"{_expression(name, schema.field(name).type)} AS {quoted(name)}" for name in view.columns)
    connection.execute(
        "CREATE TEMP TABLE newest AS "
        f"WITH row_ids AS (SELECT row_id AS __row_id FROM ({row_ids_of_newest(versions)})) "
        f"SELECT event_timestamp, {selected} FROM ({rows_at(versions, ('event_timestamp', *view.columns))})",
        {"start": BEGINNING, "end": as_of},
    )


def _kind(name: str, dtype: pa.DataType) -> Kind | None:
    if name in NAMING or pa.types.is_timestamp(dtype):
        return None
    return "category" if pa.types.is_string(dtype) or pa.types.is_boolean(dtype) else "number"


def _expression(name: str, dtype: pa.DataType) -> str:
    """SQL of the value to count; null, too, where a number is not finite."""
    column, kind = quoted(name), _kind(name, dtype)
    if kind is None:
        return f"CASE WHEN {column} IS NOT NULL THEN true END"
    if kind == "category":
        return f"{column}::VARCHAR"
    if pa.types.is_list(dtype):
        return f"len({column})::DOUBLE"
    return f"CASE WHEN isfinite({column}::DOUBLE) THEN {column}::DOUBLE END"


def _measure_column(
    connection: duckdb.DuckDBPyConnection, name: str, kind: Kind | None, reference: ColumnState | None
) -> ColumnState:
    column = quoted(name)
    ((nulls, values),) = connection.execute(
        f"SELECT count(*) - count({column}), count({column}) FROM newest"
    ).fetchall()
    if kind is None:
        return ColumnState(nulls)
    fixed = reference.histogram if reference else None
    bins = fixed.bins if fixed and fixed.kind == kind else _own_bins(connection, column, kind)
    counted = _count_numbers if kind == "number" else _count_categories
    return ColumnState(nulls, Histogram(kind, bins, counted(connection, column, bins, values)))


def _own_bins(connection: duckdb.DuckDBPyConnection, column: str, kind: Kind) -> Bins:
    """Edges of numbers, or the most frequent categories; none where there is no value.

    Edges lie midway between neighbours among minimum, deciles and maximum, and just outside both ends. An edge on a
    decile would cut through a value that many keys share, such as the rate that is given to whoever has no history:
    it moves a little every day, and all of them would change their bin at once.
    """
    if kind == "category":
        frequent = connection.execute(
            f"SELECT {column} FROM newest WHERE {column} IS NOT NULL "
            f"GROUP BY {column} ORDER BY count(*) DESC, {column} LIMIT {MOST_CATEGORIES}"
        ).fetchall()
        return tuple(name for (name,) in frequent)
    ((deciles, lowest, highest),) = connection.execute(
        f"SELECT quantile_disc({column}, {DECILES}), min({column}), max({column}) FROM newest"
    ).fetchall()
    if lowest is None:
        return ()
    marks = sorted({lowest, *deciles, highest})
    midway = ((low + high) / 2 for low, high in pairwise(marks))
    return (math.nextafter(lowest, -math.inf), *midway, highest)


def _count_numbers(connection: duckdb.DuckDBPyConnection, column: str, edges: Bins, values: int) -> tuple[int, ...]:
    if not edges:
        return (values,)
    bin_of_value = " + ".join([f"({column} > ?)::INT"] * len(edges))
    query = f"SELECT {bin_of_value} AS bin, count(*) FROM newest WHERE {column} IS NOT NULL GROUP BY bin"
    counts = dict(connection.execute(query, list(edges)).fetchall())
    return tuple(counts.get(position, 0) for position in range(len(edges) + 1))


def _count_categories(connection: duckdb.DuckDBPyConnection, column: str, names: Bins, values: int) -> tuple[int, ...]:
    query = f"SELECT {column}, count(*) FROM newest WHERE {column} IN (SELECT unnest(?::VARCHAR[])) GROUP BY {column}"
    counts = dict(connection.execute(query, [list(names)]).fetchall())
    listed = tuple(counts.get(name, 0) for name in names)
    return (*listed, values - sum(listed))
