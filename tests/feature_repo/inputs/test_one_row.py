"""One query encoded as a mapping, against a table of many: the same to the last bit, so that serving is as trained."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_repo.hydrate import query_views
from feature_repo.inputs.asked import Ask
from feature_repo.inputs.encoded import QueryColumns
from feature_repo.views import view_of
from metier.contract import LEVELS, SURFACES, TIMESTAMP
from tests.feature_repo.inputs.test_transforms import KEYS, TITLES, VECTORS

WORDS = st.sampled_from([*TITLES, "Go", " go ", "SQL", "Köln", "東京", "", "hourly", *LEVELS])
MOMENTS = st.datetimes(datetime(1960, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
NUMBERS = st.floats(-1e3, 1e9, width=32) | st.sampled_from([0.0, -0.0, 0.1, 65.5])
OF_KIND = {
    pa.string(): WORDS,
    pa.float32(): NUMBERS,
    pa.float64(): NUMBERS,
    pa.int64(): st.integers(0, 2**40),
    pa.bool_(): st.booleans(),
    TIMESTAMP: MOMENTS,
    pa.list_(pa.string()): st.lists(WORDS, max_size=25),
    pa.list_(pa.int64()): st.lists(st.integers(0, 2**33), max_size=25),
}
TEXT_KEYS = st.sampled_from([*KEYS, "unknown"])
OF_REQUEST = {"text": WORDS, "context": st.sampled_from(["{}", '{"understood": false}']), "event_timestamp": MOMENTS}
ASKS = {"text": pa.string(), "context": pa.string(), "event_timestamp": TIMESTAMP}


def schema_of(surface):
    stored = {name: kind for view in query_views(surface) for name, kind in view_of(view).columns.items()}
    return pa.schema([*ASKS.items(), *stored.items()])


def value_of(name, kind):
    if name.endswith("recent_text_keys"):
        return st.lists(TEXT_KEYS, max_size=25)
    return TEXT_KEYS if name.endswith("text_key") else OF_KIND[kind]


def rows_of(surface):
    columns = {field.name: value_of(field.name, field.type) for field in schema_of(surface)}
    drawn = {name: st.none() | values for name, values in (columns | OF_REQUEST).items()}
    return st.lists(st.fixed_dictionaries({**drawn, "event_timestamp": MOMENTS}), min_size=1, max_size=4)


def read(text, unread):
    return Ask(rate_usd=(float(len(text)), float(len(unread))))


def encoded(surface, rows):
    return QueryColumns.encode(surface, rows, VECTORS, read=read)


def sparse(matrix, row):
    return [
        matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]],
        matrix.data[matrix.indptr[row] : matrix.indptr[row + 1]],
    ]


def told_of(queries, row):
    """All that the columns hold of one query, as bytes with their types."""
    party, past, asked = queries.party, queries.past, queries.requests
    text = asked.row[row]
    parts = [
        *sparse(party.skills, row), *sparse(party.languages, row), *(codes[row] for codes in party.place.values()),
        party.level[row], party.lowest_rate_usd[row], party.highest_rate_usd[row],
        queries.time[row], queries.text_row[row], queries.headlines.has_headline[row],
        *sparse(queries.headlines.lexical, queries.headlines.row[row]),
        asked.dense[text], asked.has_vector[text], asked.is_typed[row],
        *sparse(asked.lexical, text), *sparse(asked.headlines, text),
        past.text_row[row], past.identity[row], *(codes[row] for codes in past.marks.values()),
        past.headlines.has_headline[row], past.length[row], past.moments[row], past.count[row], queries.stored[row],
        *(part for of_past in past.headlines.row[row] for part in sparse(past.headlines.lexical, of_past)),
    ]  # fmt: skip
    ask = asked.asks[text] if asked.is_typed[row] else None
    return [(np.asarray(part).dtype, np.asarray(part).tobytes()) for part in parts], ask


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(SURFACES).flatmap(lambda surface: st.tuples(st.just(surface), rows_of(surface))))
def test_a_table_of_rows_encodes_as_its_rows_do_one_by_one(drawn):
    surface, rows = drawn
    table = pa.Table.from_pylist(rows, schema=schema_of(surface))
    together = encoded(surface, table)
    for number, row in enumerate(table.to_pylist()):
        assert told_of(encoded(surface, row), 0) == told_of(together, number)
        assert told_of(encoded(surface, table.slice(number, 1)), 0) == told_of(together, number)


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(SURFACES).flatmap(lambda surface: st.tuples(st.just(surface), rows_of(surface))))
def test_who_was_encoded_before_and_asks_again_is_encoded_as_it_is(drawn):
    surface, rows = drawn
    for row in rows:
        before = encoded(surface, {**row, "text": "SQL", "context": None, "event_timestamp": None})
        assert told_of(before.asking(row, read=read), 0) == told_of(encoded(surface, row), 0)


def test_a_row_without_any_column_is_unknown_everywhere():
    for surface in SURFACES:
        assert told_of(encoded(surface, {}), 0) == told_of(encoded(surface, pa.table({"unread": [1]})), 0)
