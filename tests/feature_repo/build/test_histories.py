"""Histories folded in parts are those folded at once, also where a list is full."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from feature_repo.build.histories import fingerprint, fold, history_schema, newest
from feature_repo.views import LONGEST
from metier.contract import TIMESTAMP

START = datetime(2024, 3, 1, tzinfo=UTC)
KEY = "client_id"


def interactions(rows):
    """Of (entity, minute visible, minutes before that it happened, candidate), in the order that fold wants."""
    rows = sorted((entity, seen, seen - ago, candidate) for entity, seen, ago, candidate in rows)
    minutes = [[START + timedelta(minutes=row[place]) for row in rows] for place in (1, 2)]
    names = [row[3] for row in rows]
    return pa.table(
        {
            "entity_id": pa.array([row[0] for row in rows], pa.string()),
            "visible_at": pa.array(minutes[0], TIMESTAMP),
            "happened_at": pa.array(minutes[1], TIMESTAMP),
            "recorded_at": pa.array(minutes[0], TIMESTAMP),
            "candidate_id": pa.array(names, pa.string()),
            "city": pa.array([f"city of {name}" for name in names], pa.string()),
            "interaction": pa.array([fingerprint(str(row)) for row in rows], pa.int64()),
        }
    )


def folded(rows, before=None):
    table = interactions(rows)
    return pa.concat_tables([history_schema(KEY, table.schema).empty_table(), *fold(KEY, table, before)])


ROWS = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 99), st.integers(0, 60), st.integers(0, 30).map(str)), max_size=80
)


@given(rows=ROWS, cuts=st.lists(st.integers(0, 100), max_size=3))
def test_folding_in_parts_gives_what_folding_at_once_does(rows, cuts):
    before, parts = None, []
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), 100], strict=True):
        versions = folded([row for row in rows if start <= row[1] < end], before)
        parts.append(versions)
        before = newest(KEY, versions, before)
    order = [(KEY, "ascending"), ("event_timestamp", "ascending")]
    assert pa.concat_tables(parts).sort_by(order).equals(folded(rows).sort_by(order))


def test_a_full_list_goes_on_with_its_newest_twenty():
    first = folded([("a", minute, 0, f"c{minute}") for minute in range(25)])
    last = folded([("a", 30, 0, "c24"), ("a", 31, 40, "too old")], newest(KEY, first, None)).to_pylist()[-1]
    assert last["recent_ids"] == [f"c{number}" for number in range(24, 24 - LONGEST, -1)]
    assert last["recent_cities"][0] == "city of c24"
    assert last["recent_timestamps"][0] == int((START + timedelta(minutes=30)).timestamp())
    assert (last["interaction_count"], len(last["last_counted"])) == (27, LONGEST)
