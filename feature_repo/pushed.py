"""What a row that is pushed through Feast may hold: the columns of its view, and what the contract allows in them.

Knows views, the contract and clocks; no store.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from feast import FeatureView
from feast.types import from_feast_to_pyarrow_type

from metier.contract import EARLIEST, FUTURE_BY, TABLES, TIMESTAMP, Column
from metier.errors import FeatureError, first_line

AGAIN = "nothing was written"
_OF_PROFILES = {"freelancer_profile": "freelancers", "job_profile": "jobs"}
"""Views of which a row is a version of a row of the contract."""


def push_schema(view: FeatureView) -> pa.Schema:
    """Columns of a row that is pushed: keys, features and both timestamps."""
    keys = [(key.name, from_feast_to_pyarrow_type(key.dtype)) for key in view.entity_columns]
    features = [(field.name, from_feast_to_pyarrow_type(field.dtype)) for field in view.features]
    return pa.schema([*keys, *features, *((name, TIMESTAMP) for name in _stamps(view))])


def checked_push(view: FeatureView, frame: pd.DataFrame, now: datetime) -> pa.Table:
    """The frame's rows in the columns of push_schema; FeatureError names the column or row that cannot be written."""
    schema = push_schema(view)
    missing = [name for name in schema.names if name not in frame.columns]
    unknown = [str(name) for name in frame.columns if name not in schema.names]
    if missing or unknown:
        fact = f"lacks the columns {missing}" if missing else f"has columns that the view does not have: {unknown}"
        raise FeatureError(f"a push to {view.name} {fact}; give each of {', '.join(schema.names)} ({AGAIN})")
    columns = {field.name: _column(view, frame[field.name], field.type) for field in schema}
    for name in (*view.join_keys, *_stamps(view)):
        _refuse(view, columns[name].is_null(), f"has no {name}; give it one")
    for name in view.join_keys:
        _refuse(view, pc.equal(pc.utf8_trim_whitespace(columns[name]), ""), f"has an empty {name}; give it one")
    for name in _stamps(view):
        _require_possible(view, name, columns[name], now)
    for column in _declared(view):
        _require_allowed(view, column, columns[column.name])
    return pa.table(columns, schema=schema)


def _declared(view: FeatureView) -> Sequence[Column]:
    """The features that are columns of the contract."""
    if view.name not in _OF_PROFILES:
        return ()
    features = {field.name for field in view.features}
    return [column for column in TABLES[_OF_PROFILES[view.name]].columns if column.name in features]


def _stamps(view: FeatureView) -> list[str]:
    """Names of the event timestamp and, where the view has one, of the created timestamp."""
    source = view.batch_source
    return [name for name in (source.timestamp_field, source.created_timestamp_column) if name]


def _column(view: FeatureView, values: pd.Series, kind: pa.DataType) -> pa.Array:
    try:
        if kind == TIMESTAMP:
            values = pd.to_datetime(values, utc=True)
        if pa.types.is_list(kind):
            _require_lists(view, values)
        return pa.Array.from_pandas(values, type=kind, safe=False)
    except (pa.ArrowException, ValueError, TypeError, OverflowError) as error:
        raise FeatureError(
            f"column {values.name} of a push to {view.name} is not {kind} ({first_line(error)}); convert it ({AGAIN})"
        ) from error


def _require_lists(view: FeatureView, values: pd.Series) -> None:
    """A text is no list of its letters, and no member of a list is missing."""
    for row, value in enumerate(values):
        if isinstance(value, str | bytes):
            told = f"has the text {value[:40]!r} as {values.name}; give a list"
        elif pd.api.types.is_list_like(value) and any(member is None or member != member for member in value):
            told = f"has a missing member in {values.name}; leave it out of the list"
        else:
            continue
        raise FeatureError(f"row {row} of a push to {view.name} {told} ({AGAIN})")


def _require_allowed(view: FeatureView, column: Column, values: pa.Array) -> None:
    """FeatureError for a value that no import and no PUT would take."""
    if column.allowed:
        unknown = pc.invert(pc.is_in(values, value_set=pa.array(column.allowed)))
        _refuse(
            view,
            pc.and_(unknown, values.is_valid()),
            f"has a {column.name} that is not one of {', '.join(column.allowed)}; write one of them",
        )
    if pa.types.is_floating(values.type):
        _refuse(view, pc.is_inf(values), f"has an infinite {column.name}; leave it empty")
    if column.minimum is not None:
        _refuse(view, pc.less(values, column.minimum), f"has {column.name} below {column.minimum:g}; correct it")
    if column.maximum is not None:
        _refuse(view, pc.greater(values, column.maximum), f"has {column.name} above {column.maximum:g}; correct it")


def _refuse(view: FeatureView, rows: pa.Array, told: str) -> None:
    """FeatureError for the first of the flagged rows."""
    row = pc.index(rows, True).as_py()
    if row >= 0:
        raise FeatureError(f"row {row} of a push to {view.name} {told} ({AGAIN})")


def _require_possible(view: FeatureView, name: str, moments: pa.Array, now: datetime) -> None:
    between: dict[str, Any] = pc.min_max(moments).as_py()
    if between["max"] is not None and between["max"] > now + FUTURE_BY:
        raise FeatureError(
            f"a row of a push to {view.name} has {name} {between['max']:%Y-%m-%dT%H:%M:%SZ}, later than the clock by "
            f"more than {FUTURE_BY.seconds // 60} minutes; push it once it has happened ({AGAIN})"
        )
    if between["min"] is not None and between["min"] < EARLIEST:
        raise FeatureError(
            f"a row of a push to {view.name} has {name} {between['min']:%Y-%m-%dT%H:%M:%SZ}, before {EARLIEST:%Y}; "
            f"correct its clock ({AGAIN})"
        )
