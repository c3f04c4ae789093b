"""`metier import contract` in processes of its own, killed again and again: nothing lost, nothing doubled."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.importers.contract_tables import read_contract_directory
from components.importers.corrections import HELD_OTHERWISE
from components.importers.files.parquet import PIECE_ROWS
from components.importers.ingest import TableReport, ingest
from metier.contract import TABLES
from metier.lake import Lake

START = datetime(2026, 1, 1, tzinfo=UTC)
CLOCK = START + timedelta(days=60)
DAYS, FILES = 6, 3


def click(number: int, day: float, **more: object) -> dict[str, object]:
    at = START + timedelta(days=day)
    row = {"interaction_id": f"i{number:04d}", "kind": "click", "side": "client", "freelancer_id": "f1", "job_id": "j1"}
    return {**row, "event_timestamp": at, "recorded_at": at, **more}


def rows_of(name: str, part: int) -> list[dict[str, object]]:
    """Rows of a part on every day, one of the future, and one that an earlier part delivered too."""
    if name == "interactions":
        again = [click(0, 0)] if part else []
        return [*(click(100 * part + day, day) for day in range(DAYS)), *again, click(9_000 + part, 99)]
    at = [START + timedelta(days=day) for day in range(DAYS)]
    return [
        {"client_id": f"c{part}-{day}", "status": "active", "event_timestamp": moment, "recorded_at": moment}
        for day, moment in enumerate(at)
    ]


@pytest.fixture
def export(tmp_path):
    for name in ("clients", "interactions"):
        (tmp_path / "export" / name).mkdir(parents=True)
        for part in range(FILES):
            rows = pa.Table.from_pylist(rows_of(name, part), TABLES[name].schema)
            pq.write_table(rows, tmp_path / "export" / name / f"{part}.parquet")
    return tmp_path / "export"


def started(home, export) -> subprocess.Popen:
    command = (sys.executable, "-m", "metier.cli.app", "import", "contract", str(export), "--json")
    environment = {**os.environ, "METIER_HOME": str(home), "METIER_AS_OF": CLOCK.isoformat(), "METIER_LAKE_URL": ""}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def files_in(home) -> int:
    """Files written, whole or not."""
    return sum(1 for path in (home / "lake").rglob("*") if path.is_file())


def test_an_import_killed_again_and_again_and_repeated_gives_the_lake_of_one_import(tmp_path, export):
    whole, home = Lake(str(tmp_path / "whole")), tmp_path / "home"
    expected = ingest(whole, read_contract_directory(export), CLOCK)
    deaths = 0
    for enough in (1, 7, 14, 21, 28, 34):
        with started(home, export) as process:
            while process.poll() is None and files_in(home) < enough:
                time.sleep(0.002)
            process.send_signal(signal.SIGKILL)
        deaths += process.returncode == -signal.SIGKILL
        for name in TABLES:  # what a reader sees meanwhile is part of the whole, each row once
            ids = Lake(str(home / "lake")).read(name)[TABLES[name].key[0]].to_pylist()
            assert len(ids) == len(set(ids))
            assert set(ids) <= set(whole.read(name)[TABLES[name].key[0]].to_pylist())
    assert deaths > 2
    with started(home, export) as process:
        said = json.loads(process.communicate(timeout=120)[0])["tables"]
    lake = Lake(str(home / "lake"))
    assert lake.digest() == whole.digest()
    assert lake.counts() == {**dict.fromkeys(TABLES, 0), "clients": FILES * DAYS, "interactions": FILES * DAYS}
    assert lake.quarantined("interactions").equals(whole.quarantined("interactions"))
    for name, table in expected.tables.items():
        assert said[name]["read"] == table.read
        assert said[name]["written"] + said[name]["duplicates"] == table.written + table.duplicates
        assert said[name]["quarantined"] == table.quarantined == (FILES if name == "interactions" else 0)


def test_late_early_repeated_and_future_rows_of_several_files_are_counted_to_the_row(tmp_path):
    deliveries = [
        # 3 new, the last of them late; 1 twice in one file
        [click(1, 5), click(2, 4), click(2, 4), click(3, 2, recorded_at=START + timedelta(days=30))],
        # 1 older than all before; 1 again; 1 again, recorded later; 1 again with other content
        [click(4, -20), click(1, 5), click(2, 4, recorded_at=START + timedelta(days=9)), click(3, 2, kind="save")],
        # 1 of the future; 1 known id on another day: other content; 1 recorded before it happened; 1 new
        [click(5, 99), click(1, 6), click(6, 3, recorded_at=START), click(7, 3)],
    ]
    made = [("interactions", f"{n}.parquet", pa.Table.from_pylist(rows)) for n, rows in enumerate(deliveries)]
    lake = Lake(str(tmp_path / "lake"))
    found = ingest(lake, made, CLOCK).tables["interactions"]
    future = "event_timestamp is after the run's clock; recorded_at is after the run's clock"
    reasons = {HELD_OTHERWISE: 2, future: 1, "recorded_at is before event_timestamp": 1}
    assert found == TableReport(12, 5, 3, 4, reasons)
    assert [row["interaction_id"] for row in lake.read("interactions").to_pylist()] == [
        "i0004", "i0003", "i0007", "i0002", "i0001",
    ]  # fmt: skip
    assert ingest(lake, made, CLOCK).tables["interactions"] == TableReport(12, 0, 8, 4, reasons)


def test_a_large_file_comes_in_pieces_and_its_counts_are_those_of_the_file(tmp_path):
    count = PIECE_ROWS + 10
    rows = pa.Table.from_pylist([click(0, 1)]).take(pa.array([0] * count))
    ids = [f"i{number}" for number in range(count - 3)] + ["i0", "i1", "i2"]
    kinds = ["click"] * (count - 1) + ["save"]
    changed = rows.set_column(0, "interaction_id", pa.array(ids)).set_column(1, "kind", pa.array(kinds))
    pq.write_table(changed, tmp_path / "interactions.parquet")
    lake = Lake(str(tmp_path / "lake"))
    assert [piece.num_rows for _, _, piece in read_contract_directory(tmp_path)] == [PIECE_ROWS, 10]
    found = ingest(lake, read_contract_directory(tmp_path), CLOCK).tables["interactions"]
    assert found == TableReport(count, count - 3, 2, 1, {HELD_OTHERWISE: 1})
