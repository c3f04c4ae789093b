"""The lake: partitioned by event date, idempotent, atomic, readable as of a moment."""

import json
import os
import tempfile
from datetime import UTC, datetime, timedelta

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metier.contract import CONTRACT_VERSION, TABLES, VERSION_KEY
from metier.errors import ContractError, EmptyDataError, UnknownNameError
from metier.lake import Lake

DAY = datetime(2026, 2, 1, 23, 59, tzinfo=UTC)


def clients(*rows):
    """Clients from (id, event time, days until recorded)."""
    full = [
        {"client_id": key, "status": "active", "event_timestamp": at, "recorded_at": at + timedelta(days=late)}
        for key, at, late in rows
    ]
    return pa.Table.from_pylist(full, TABLES["clients"].schema)


@pytest.fixture
def lake(tmp_path):
    return Lake(str(tmp_path / "lake"))


def test_rows_lie_under_their_event_date_and_read_back_equal(lake, tmp_path):
    rows = clients(("a", DAY, 0), ("b", DAY + timedelta(minutes=2), 9))
    assert lake.append("clients", rows).written == 2
    assert sorted(os.listdir(tmp_path / "lake" / "clients")) == ["event_date=2026-02-01", "event_date=2026-02-02"]
    assert lake.read("clients").equals(rows)
    assert lake.counts()["clients"] == 2


def test_a_known_key_is_a_duplicate_within_and_across_appends(lake):
    first = lake.append("clients", clients(("a", DAY, 0), ("a", DAY, 0), ("b", DAY, 0)))
    second = lake.append("clients", clients(("b", DAY, 0), ("b", DAY, 1)))
    assert (first.written, first.duplicates) == (2, 1)
    assert (second.written, second.duplicates) == (1, 1)


def clicks(*rows):
    """Interactions from (id, event time)."""
    full = [
        {
            "interaction_id": key, "kind": "click", "side": "client", "freelancer_id": "f", "client_id": "c",
            "event_timestamp": at, "recorded_at": at,
        }
        for key, at in rows
    ]  # fmt: skip
    return pa.Table.from_pylist(full, TABLES["interactions"].schema)


def test_a_known_id_is_a_duplicate_on_another_date_too(lake):
    lake.append("interactions", clicks(("a", DAY), ("m", DAY)))
    again = lake.append("interactions", clicks(("a", DAY + timedelta(days=40)), ("b", DAY)))
    assert (again.written, again.duplicates) == (1, 1)
    assert lake.matching("interactions", clicks(("m", DAY + timedelta(days=9)), ("n", DAY))).equals(clicks(("m", DAY)))


def test_an_append_reads_only_files_whose_ids_meet_its_own(lake):
    lake.append("interactions", clicks(("a1", DAY), ("a9", DAY)))
    (path,) = lake.files("interactions")
    with open(path, "r+b") as file:  # its footer stays whole, its first pages do not
        file.seek(4)
        file.write(bytes(56))
    assert lake.append("interactions", clicks(("b1", DAY), ("a95", DAY))).written == 2
    with pytest.raises(duckdb.Error):
        lake.append("interactions", clicks(("a5", DAY)))


def test_versions_are_looked_for_on_their_own_date_only(lake, tmp_path):
    lake.append("clients", clients(("a", DAY, 0)))
    assert lake.matching("clients", clients(("a", DAY, 0))).num_rows == 1
    assert lake.matching("clients", clients(("a", DAY + timedelta(days=1), 0))).num_rows == 0
    assert lake.matching("clients", clients()).num_rows == 0
    assert lake.append("clients", clients(("a", DAY + timedelta(days=1), 0))).written == 1


def test_what_memory_does_not_hold_is_put_aside_and_leaves_with_the_connection(lake, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "aside"))
    (tmp_path / "aside").mkdir()
    with lake.connect() as connection:
        connection.execute("SET memory_limit = '60MB'")
        connection.execute("CREATE TEMP TABLE wide AS SELECT range AS n, md5(range::TEXT) AS t FROM range(3_000_000)")
        assert connection.sql("SELECT count(DISTINCT n) FROM wide").fetchall() == [(3_000_000,)]
        assert os.listdir(tmp_path / "aside")
    assert os.listdir(tmp_path / "aside") == []


def test_as_of_hides_what_was_recorded_later(lake):
    lake.append("clients", clients(("late", DAY, 5), ("early", DAY, 1)))
    seen = lake.read("clients", columns=["client_id"], as_of=DAY + timedelta(days=4))
    assert seen.column_names == ["client_id"]
    assert seen["client_id"].to_pylist() == ["early"]
    assert lake.as_of() == DAY + timedelta(days=5)


def test_every_table_can_be_queried_even_where_the_lake_holds_none(lake):
    with lake.connect() as connection:
        for name in TABLES:
            assert connection.execute(f"SELECT count(*) FROM {name}").fetchall() == [(0,)]
    with pytest.raises(EmptyDataError, match="is empty; run `metier import`"):
        lake.as_of()


def test_rows_of_another_schema_and_tables_of_another_name_are_refused(lake):
    with pytest.raises(ContractError, match="conform them to the contract first"):
        lake.append("clients", pa.table({"client_id": ["a"]}))
    with pytest.raises(UnknownNameError, match="unknown table 'gigs'"):
        lake.append("gigs", clients(("a", DAY, 0)))


def test_a_file_of_a_newer_contract_is_refused_with_the_command_to_run(lake):
    lake.append("clients", clients(("a", DAY, 0)))
    (path,) = lake.files("clients")
    newer = pq.read_table(path).replace_schema_metadata({VERSION_KEY: str(CONTRACT_VERSION + 1).encode()})
    pq.write_table(newer, path)
    with pytest.raises(ContractError, match="pip install --upgrade metier"):
        lake.read("clients")


def test_a_truncated_file_is_named(lake):
    lake.append("clients", clients(("a", DAY, 0)))
    (path,) = lake.files("clients")
    with open(path, "r+b") as file:
        file.truncate(40)
    with pytest.raises(ContractError, match=r"part-\w+\.parquet is not a whole Parquet file; remove it"):
        lake.counts()


def test_a_file_left_half_written_is_not_part_of_the_lake(lake):
    lake.append("clients", clients(("a", DAY, 0)))
    (path,) = lake.files("clients")
    folder, name = os.path.split(path)
    with open(os.path.join(folder, f".{name}.writing"), "wb") as file:
        file.write(b"half")
    assert lake.counts()["clients"] == 1
    assert lake.read("clients").num_rows == 1


def test_quarantine_keeps_source_reason_and_row_once(lake):
    rows = pa.table({"client_id": ["\u00e9"], "seen": pa.array([2**62], pa.timestamp("us", tz="UTC"))})
    for _ in range(2):
        assert lake.quarantine("clients", rows, pa.array(["odd"]), "a.csv") == 1
    (kept,) = lake.quarantined("clients").to_pylist()
    assert (kept["table"], kept["source"], kept["reason"]) == ("clients", "a.csv", "odd")
    assert json.loads(kept["row"])["client_id"] == "\u00e9"
    assert lake.quarantined("jobs").num_rows == 0


def test_a_lake_in_memory_behaves_as_one_on_disk(lake):
    elsewhere = Lake("memory://lake-of-this-test")
    rows = clients(("a", DAY, 0), ("b", DAY + timedelta(days=1), 0))
    for store in (lake, elsewhere):
        store.append("clients", rows)
    assert elsewhere.read("clients").equals(lake.read("clients"))
    assert elsewhere.digest() == lake.digest()
    assert elsewhere.append("clients", rows).written == 0


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=12))
def test_the_digest_is_that_of_the_rows_and_repeats_change_nothing(tmp_path_factory, entries):
    rows = clients(*[(key, DAY + timedelta(days=day), late) for key, day, late in entries])
    lake, again = (Lake(str(tmp_path_factory.mktemp("lake"))) for _ in range(2))
    assert lake.append("clients", rows).written == len(set(entries)) == lake.counts()["clients"]
    again.append("clients", rows.take(list(reversed(range(rows.num_rows)))))
    assert again.digest() == lake.digest()
    again.append("clients", rows)
    assert again.digest() == lake.digest()
