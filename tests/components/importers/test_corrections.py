"""A corrected row is a new version of an entity, known from its import on; an event is corrected only if asked."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.importers.conform import REPEATED_KEY
from components.importers.corrections import HELD_OTHERWISE, NOT_LATER
from components.importers.ingest import ingest
from feature_repo.build.aggregates import build_feature_tables
from metier.lake import Lake

DAY = datetime(2026, 1, 1, tzinfo=UTC)
FIRST, SECOND, THIRD = (DAY + timedelta(days=days) for days in (10, 20, 30))


@pytest.fixture
def lake(tmp_path):
    return Lake(str(tmp_path / "lake"))


def client(country, name="c1", **more):
    return {"client_id": name, "country": country, "status": "active", "event_timestamp": DAY, **more}


def click(kind, name="i1"):
    who = {"side": "freelancer", "freelancer_id": "f1", "job_id": "j1"}
    return {"interaction_id": name, "kind": kind, **who, "event_timestamp": DAY}


def brought(lake, clock, *pieces, table="clients", corrects=False):
    """(written, duplicates, quarantined, corrected) of the pieces of one file."""
    made = [(table, "file", pa.Table.from_pylist(list(rows))) for rows in pieces]
    report = ingest(lake, made, clock, corrects).tables[table]
    return report.written, report.duplicates, report.quarantined, report.corrected


def test_a_corrected_row_is_a_version_that_is_known_from_its_import_on(lake):
    assert brought(lake, FIRST, [client("NO"), client("SE", "c2")]) == (2, 0, 0, 0)
    assert brought(lake, SECOND, [client("DK"), client("SE", "c2")]) == (1, 1, 0, 1)
    known = [
        (row["country"], row["recorded_at"]) for row in lake.read("clients").to_pylist() if row["client_id"] == "c1"
    ]
    assert known == [("NO", DAY), ("DK", SECOND)]
    assert "DK" not in lake.read("clients", as_of=SECOND - timedelta(seconds=1))["country"].to_pylist()


def test_repeating_the_first_file_or_the_correction_writes_nothing(lake):
    for country, clock in (("NO", FIRST), ("DK", SECOND)):
        brought(lake, clock, [client(country)])
    assert brought(lake, THIRD, [client("DK")]) == (0, 1, 0, 0)
    assert brought(lake, THIRD, [client("NO")]) == (0, 1, 0, 0)
    assert brought(lake, THIRD, [client("FI")]) == (1, 0, 0, 1)


def test_a_source_that_says_when_it_corrected_is_believed(lake):
    brought(lake, FIRST, [client("NO")])
    updated = client("DK", recorded_at=DAY + timedelta(days=3))
    assert brought(lake, SECOND, [updated]) == (1, 0, 0, 0)
    assert lake.read("clients")["recorded_at"].to_pylist() == [DAY, DAY + timedelta(days=3)]


@pytest.mark.parametrize("size", [1, 2])
def test_rows_of_one_file_that_contradict_each_other_correct_nothing_however_it_is_cut(lake, size):
    rows = [client("NO"), client("DK")]
    pieces = [rows[start : start + size] for start in range(0, 2, size)]
    assert brought(lake, FIRST, *pieces) == (1, 0, 1, 0)
    assert brought(lake, SECOND, *pieces) == (0, 1, 1, 0)
    assert lake.quarantined("clients")["reason"].to_pylist() == [REPEATED_KEY] * len(lake.quarantined("clients"))
    assert lake.read("clients")["country"].to_pylist() == ["NO"]


def test_a_correction_of_what_was_recorded_at_the_same_clock_is_set_aside(lake):
    brought(lake, FIRST, [client("NO")])
    brought(lake, SECOND, [client("DK")])
    assert brought(lake, SECOND, [client("FI")]) == (0, 0, 1, 0)
    assert lake.quarantined("clients")["reason"].to_pylist() == [NOT_LATER]


def test_two_corrections_of_one_moment_in_a_file_are_one_and_the_other_is_set_aside(lake):
    later = DAY + timedelta(days=1)
    brought(lake, FIRST, [client("NO"), client("SE", recorded_at=later)])
    assert brought(lake, SECOND, [client("DK"), client("FI", recorded_at=later)]) == (1, 0, 1, 1)


def test_an_event_is_set_aside_unless_the_caller_says_that_it_is_corrected(lake):
    brought(lake, FIRST, [click("click"), click("save", "i2")], table="interactions")
    assert brought(lake, SECOND, [click("apply")], table="interactions") == (0, 0, 1, 0)
    assert lake.quarantined("interactions")["reason"].to_pylist() == [HELD_OTHERWISE]
    assert brought(lake, SECOND, [click("apply")], table="interactions", corrects=True) == (1, 0, 0, 1)
    held = {row["interaction_id"]: (row["kind"], row["recorded_at"]) for row in lake.read("interactions").to_pylist()}
    assert held == {"i1": ("apply", SECOND), "i2": ("save", DAY)}
    assert brought(lake, THIRD, [click("apply")], table="interactions", corrects=True) == (0, 1, 0, 0)


def test_rows_of_one_file_do_not_correct_each_other(lake):
    pieces = [click("click")], [click("save")]
    assert brought(lake, FIRST, *pieces, table="interactions", corrects=True) == (1, 0, 1, 0)
    assert lake.read("interactions")["kind"].to_pylist() == ["click"]


def test_the_report_says_how_many_rows_were_corrected(lake):
    brought(lake, FIRST, [client("NO")])
    report = ingest(lake, [("clients", "file", pa.Table.from_pylist([client("DK")]))], SECOND)
    assert "note on clients: 1 of the written rows correct rows that the lake held" in report.render()


def test_a_feature_sees_a_correction_from_its_import_on(lake, tmp_path):
    def person(title):
        said = {"title": title, "overview": "", "skills": [], "status": "listed"}
        return {"freelancer_id": "f1", **said, "event_timestamp": DAY}

    brought(lake, FIRST, [person("Cook")], table="freelancers")
    brought(lake, SECOND, [person("Baker")], table="freelancers")
    build_feature_tables(lake, THIRD, tmp_path / "features")
    rows = pq.read_table(tmp_path / "features" / "freelancer_profile").to_pylist()
    shown = sorted((row["event_timestamp"], row["title"]) for row in rows)
    assert shown == [(DAY, "Cook"), (SECOND, "Baker")]
