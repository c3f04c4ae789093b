"""Tables into the lake: counted, idempotent, nothing lost, and bad input is never a traceback."""

import json
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.importers.conform import NOTE
from components.importers.contract_tables import read_contract_directory
from components.importers.corrections import HELD_OTHERWISE
from components.importers.ingest import ingest
from metier.errors import ContractError, EmptyDataError
from metier.lake import Lake

CLOCK = datetime(2026, 3, 1, tzinfo=UTC)
DAY = datetime(2026, 2, 1, tzinfo=UTC)


def clicks(*rows):
    """Interactions from (id, event day) or (id, event day, kind)."""
    full = [
        {
            "interaction_id": row[0], "kind": row[2] if len(row) > 2 else "click", "side": "freelancer",
            "freelancer_id": "f1", "job_id": "j1", "event_timestamp": DAY + timedelta(days=row[1]),
        }
        for row in rows
    ]  # fmt: skip
    return pa.Table.from_pylist(full)


@pytest.fixture
def lake(tmp_path):
    return Lake(str(tmp_path / "lake"))


def interactions(rows, source="clicks.parquet"):
    return [("interactions", source, rows)]


def test_counts_say_what_became_of_every_row(lake):
    rows = clicks(("a", 0), ("a", 0), ("b", 1), ("b", 1, "save"), ("c", 99))
    report = ingest(lake, interactions(rows), CLOCK).tables["interactions"]
    assert (report.read, report.written, report.duplicates, report.quarantined) == (5, 2, 1, 2)
    assert report.reasons == {
        "key repeats an earlier row with other content": 1,
        "event_timestamp is after the run's clock; recorded_at is after the run's clock": 1,
    }


def test_repeating_an_import_writes_nothing(lake):
    rows = clicks(("a", 0), ("b", 1), ("c", 99))
    ingest(lake, interactions(rows), CLOCK)
    before, kept = lake.digest(), lake.quarantined("interactions")
    again = ingest(lake, interactions(rows), CLOCK).tables["interactions"]
    assert (again.written, again.duplicates, again.quarantined) == (0, 2, 1)
    assert lake.digest() == before
    assert lake.quarantined("interactions").equals(kept)


def test_an_import_killed_between_dates_and_repeated_gives_the_same_lake(lake, tmp_path, monkeypatch):
    rows = clicks(("a", 0), ("b", 1), ("c", 2), ("d", 99))
    ingest(lake, interactions(rows), CLOCK)
    killed = Lake(str(tmp_path / "killed"))
    move, moved = killed._fs.mv, []

    def dies_on_the_third_file(source, target):
        if len(moved) == 2:
            raise KeyboardInterrupt
        moved.append(target)
        move(source, target)

    monkeypatch.setattr(killed._fs, "mv", dies_on_the_third_file)
    with pytest.raises(KeyboardInterrupt):
        ingest(killed, interactions(rows), CLOCK)
    assert killed.digest() != lake.digest()
    monkeypatch.undo()
    ingest(killed, interactions(rows), CLOCK)
    assert killed.digest() == lake.digest()
    assert killed.quarantined("interactions").equals(lake.quarantined("interactions"))


def test_late_and_out_of_order_rows_are_accepted(lake):
    late = clicks(("b", -30)).append_column("recorded_at", pa.array([DAY + timedelta(days=9)]))
    ingest(lake, interactions(clicks(("a", 5))), CLOCK)
    assert ingest(lake, interactions(late), CLOCK).tables["interactions"].written == 1
    assert lake.read("interactions")["interaction_id"].to_pylist() == ["b", "a"]
    assert lake.read("interactions", as_of=DAY + timedelta(days=6))["interaction_id"].to_pylist() == ["a"]


def test_a_known_key_with_other_content_is_quarantined_and_one_delivered_again_is_a_duplicate(lake):
    ingest(lake, interactions(clicks(("a", 0), ("b", 0))), CLOCK)
    again = clicks(("a", 0)).append_column("recorded_at", pa.array([DAY + timedelta(days=1)]))
    report = ingest(lake, [*interactions(again), *interactions(clicks(("b", 0, "save")))], CLOCK)
    table = report.tables["interactions"]
    assert (table.read, table.written, table.duplicates, table.quarantined) == (2, 0, 1, 1)
    (kept,) = lake.quarantined("interactions").to_pylist()
    assert kept["reason"] == HELD_OTHERWISE
    assert json.loads(kept["row"])["kind"] == "save"


def test_quarantine_keeps_row_source_and_reason(lake):
    rows = clicks(("a", 0)).append_column("rating", pa.array(["five"]))
    ingest(lake, interactions(rows, "export/interactions.csv"), CLOCK)
    (kept,) = lake.quarantined("interactions").to_pylist()
    assert (kept["source"], kept["reason"]) == ("export/interactions.csv", "rating is not a number")
    assert json.loads(kept["row"])["rating"] == "five"
    assert json.loads(kept["row"])["interaction_id"] == "a"


def test_without_a_clock_the_wall_clock_refuses_the_future(lake):
    ahead = (datetime.now(UTC) + timedelta(days=2) - DAY).days
    report = ingest(lake, interactions(clicks(("a", 0), ("b", ahead)))).tables["interactions"]
    assert (report.written, report.quarantined) == (1, 1)


def test_the_report_reads_well_and_repeats_notes(lake):
    noted = clicks(("a", 0), ("b", 99)).replace_schema_metadata({NOTE: b"only clicks"})
    text = ingest(lake, interactions(noted), CLOCK).render()
    assert "quarantined from interactions: 1 x event_timestamp is after the run's clock" in text
    assert "note on interactions: only clicks" in text


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from("abcde"), st.integers(-3, 40), st.sampled_from(["click", "save", "wink", ""])),
        min_size=1,
        max_size=30,
    ),
    st.integers(1, 3),
)
def test_nothing_is_lost(tmp_path_factory, rows, parts):
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    deliveries = [rows[start::parts] for start in range(parts)]
    tables = [("interactions", f"part-{n}", clicks(*part)) for n, part in enumerate(deliveries) if part]
    first = ingest(lake, tables, CLOCK).tables["interactions"]
    assert first.read == len(rows) == first.written + first.duplicates + first.quarantined
    assert lake.counts()["interactions"] == first.written == len(set(lake.read("interactions")["interaction_id"]))
    digest = lake.digest()
    second = ingest(lake, tables, CLOCK).tables["interactions"]
    assert (second.written, second.duplicates) == (0, first.written + first.duplicates)
    assert second.quarantined == first.quarantined
    assert lake.digest() == digest


def ingest_folder(lake, folder):
    return ingest(lake, read_contract_directory(folder), CLOCK)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "export"
    made.mkdir()
    return made


def test_bad_parquet_a_missing_column(lake, folder):
    pq.write_table(clicks(("a", 0)).drop_columns(["kind"]), folder / "interactions.parquet")
    with pytest.raises(ContractError, match=r"interactions lacks column kind \(text\)"):
        ingest_folder(lake, folder)


def test_bad_parquet_a_wrong_type(lake, folder):
    rows = clicks(("a", 0)).append_column("rating", pa.array([[5]]))
    pq.write_table(rows, folder / "interactions.parquet")
    with pytest.raises(ContractError, match="column rating of table interactions has type list"):
        ingest_folder(lake, folder)


def test_bad_parquet_duplicate_ids_and_future_times_that_no_calendar_holds(lake, folder):
    times = pa.array([10**15, 10**15, 2**62], pa.timestamp("us", tz="UTC"))
    rows = clicks(("a", 0), ("a", 0, "save"), ("b", 0)).drop_columns(["event_timestamp"])
    pq.write_table(rows.append_column("event_timestamp", times), folder / "interactions.parquet")
    report = ingest_folder(lake, folder).tables["interactions"]
    assert (report.read, report.written, report.quarantined) == (3, 1, 2)
    assert lake.quarantined("interactions").num_rows == 2


def test_bad_parquet_invalid_utf8_inside(lake, folder):
    rows = clicks(("a", 0), ("b", 0))
    broken = pa.array([b"f\xff", b"f1"]).view(pa.string())
    rows = rows.set_column(rows.column_names.index("freelancer_id"), "freelancer_id", broken)
    pq.write_table(rows, folder / "interactions.parquet")
    report = ingest_folder(lake, folder).tables["interactions"]
    assert (report.written, report.reasons) == (1, {"freelancer_id is not valid UTF-8": 1})


def test_bad_csv_invalid_utf8_and_ragged_rows_lose_only_themselves_and_keep_their_text(lake, folder):
    (folder / "clients.csv").write_bytes(
        b"client_id,status,country,event_timestamp\n"
        b"c1,active,US,2026-01-01\nc2,active,Cura\xe7ao,2026-01-01\nc3,active\nc4,active,,2026-01-01T00:00:00+01:00\n"
    )
    report = ingest_folder(lake, folder).tables["clients"]
    assert (report.read, report.written, report.quarantined) == (4, 2, 2)
    kept = lake.quarantined("clients").to_pylist()
    assert [json.loads(row["row"])["country"] for row in kept] == ["Cura\ufffdao", None]
    assert json.loads(kept[1]["row"])["line"] == "c3,active"


def test_an_empty_table_is_named(lake, folder):
    pq.write_table(clicks(("a", 0)).slice(0, 0), folder / "interactions.parquet")
    with pytest.raises(EmptyDataError, match=r"interactions\.parquet holds no rows"):
        ingest_folder(lake, folder)
    (folder / "interactions.parquet").unlink()
    (folder / "clients.csv").write_text("client_id,status,event_timestamp\n")
    with pytest.raises(EmptyDataError, match=r"clients\.csv holds no rows"):
        ingest_folder(lake, folder)


def test_a_lake_imports_into_another_lake(lake, tmp_path):
    ingest(lake, interactions(clicks(("a", 0), ("b", 1))), CLOCK)
    other = Lake(str(tmp_path / "other"))
    ingest_folder(other, tmp_path / "lake")
    assert other.digest() == lake.digest()


def test_what_the_contract_does_not_know_is_masked_before_it_is_quarantined(lake, tmp_path):
    folder = tmp_path / "exports"
    folder.mkdir()
    header = "client_id,status,event_timestamp,contact"
    torn = "c1,active,2026-02-01T00:00:00Z,ann@example.com,one value too many"
    late = "c2,active,2027-02-01T00:00:00Z,call +1 212 736 5000"
    sound = "c3,active,2026-02-01T00:00:00Z,"
    (folder / "clients.csv").write_text("\n".join([header, torn, late, sound]) + "\n")
    report = ingest(lake, read_contract_directory(folder), CLOCK).tables["clients"]
    assert (report.read, report.written, report.quarantined) == (3, 1, 2)
    kept = json.dumps(lake.quarantined("clients").to_pylist(), default=str)
    assert "ann@example.com" not in kept
    assert "736 5000" not in kept
    assert "[e-mail]" in kept
    assert "[phone]" in kept


def test_an_error_behind_rows_that_were_written_says_how_many(lake, tmp_path):
    def tables():
        yield from interactions(clicks(("a", 0)))
        raise ContractError("the archive is cut off; fetch it again")

    with pytest.raises(ContractError, match="fetch it again; the 1 rows before it are in the lake, and importing all"):
        ingest(lake, tables(), CLOCK)
    assert lake.read("interactions").num_rows == 1
