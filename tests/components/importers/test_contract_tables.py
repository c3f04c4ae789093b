"""A folder of contract tables: which files are read, and what broken ones say."""

import gzip
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.importers.contract_tables import read_contract_directory
from metier.errors import ContractError, SettingsError

CLIENTS = pa.table({"client_id": ["c1"], "status": ["active"], "event_timestamp": [datetime(2026, 1, 1, tzinfo=UTC)]})


def test_parquet_csv_and_parts_are_found_entities_first(tmp_path):
    (tmp_path / "queries.csv").write_text("query_id,surface\nq1,job_feed\n")
    pq.write_table(CLIENTS, tmp_path / "clients.parquet")
    part = tmp_path / "jobs" / "event_date=2026-01-01"
    part.mkdir(parents=True)
    pq.write_table(pa.table({"job_id": ["j1"]}), part / "part-0.parquet")
    pq.write_table(pa.table({"job_id": pa.array([], pa.string())}), part / "part-1.parquet")
    (part / ".part-2.parquet.writing").write_text("half")
    found = [(name, source, rows.num_rows) for name, source, rows in read_contract_directory(tmp_path)]
    folder = tmp_path.name
    assert found == [
        ("clients", f"{folder}/clients.parquet", 1),
        ("jobs", f"{folder}/jobs/event_date=2026-01-01/part-0.parquet", 1),
        ("queries", f"{folder}/queries.csv", 1),
    ]


def test_json_lines_and_packed_tables_are_found(tmp_path):
    (tmp_path / "clients.jsonl").write_text('{"client_id": "c1"}\n')
    (tmp_path / "manifest.json").write_text("{}")
    (tmp_path / "jobs.csv.gz").write_bytes(gzip.compress(b"job_id\nj1\nj2\n"))
    found = [(name, rows.num_rows) for name, _, rows in read_contract_directory(tmp_path)]
    assert found == [("clients", 1), ("jobs", 2)]
    (tmp_path / "job.jsonl.gz").write_bytes(b"")
    with pytest.raises(ContractError, match="names no table of the contract"):
        list(read_contract_directory(tmp_path))


def test_the_date_in_a_part_folder_is_no_column(tmp_path):
    part = tmp_path / "clients" / "event_date=2026-01-01"
    part.mkdir(parents=True)
    pq.write_table(CLIENTS, part / "part-0.parquet")
    ((_, _, rows),) = read_contract_directory(tmp_path)
    assert rows.column_names == ["client_id", "status", "event_timestamp"]


@pytest.mark.parametrize("content", [b"", b"not parquet at all", b"PAR1" + b"\0" * 40])
def test_a_file_that_is_not_parquet_is_a_clear_error(tmp_path, content):
    (tmp_path / "jobs.parquet").write_bytes(content)
    with pytest.raises(ContractError, match=r"jobs\.parquet cannot be read as Parquet .* export it again"):
        list(read_contract_directory(tmp_path))


def test_a_truncated_parquet_file_is_a_clear_error(tmp_path):
    path = tmp_path / "clients.parquet"
    pq.write_table(CLIENTS, path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ContractError, match=r"clients\.parquet cannot be read as Parquet"):
        list(read_contract_directory(tmp_path))


def test_a_folder_that_is_none_and_one_without_tables(tmp_path):
    with pytest.raises(SettingsError, match="is not a folder"):
        list(read_contract_directory(tmp_path / "absent"))
    with pytest.raises(ContractError, match="holds no table"):
        list(read_contract_directory(tmp_path))


def test_a_misspelt_table_is_not_passed_over(tmp_path):
    (tmp_path / "freelancer.csv").write_text("freelancer_id\nf1\n")
    with pytest.raises(ContractError, match="names no table of the contract; rename it to one of freelancers"):
        list(read_contract_directory(tmp_path))


def test_parquet_with_a_column_name_that_is_no_text_is_a_clear_error(tmp_path):
    path = tmp_path / "clients.parquet"
    pq.write_table(CLIENTS, path, store_schema=False)
    path.write_bytes(path.read_bytes().replace(b"client_id", b"cli\xffnt_id"))
    with pytest.raises(ContractError, match="cannot be read as Parquet"):
        list(read_contract_directory(tmp_path))


STRANGE = ["clients.tsv", "clients.txt", "clients.xlsx", "clients.csv.bz2", "Clients.csv", "clients.2.csv", "clients",
           "clients/part-0.csv", "clients.parquet/part-0.orc"]  # fmt: skip


@pytest.mark.parametrize("name", STRANGE)
def test_a_file_of_a_table_that_is_not_read_is_refused_by_its_name(tmp_path, name):
    (tmp_path / "freelancers.csv").write_text("freelancer_id\nf1\n")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("client_id\nc1\n")
    with pytest.raises(ContractError, match=rf"{name} is no file of clients that is read; write it as clients.csv, "):
        list(read_contract_directory(tmp_path))


def test_json_lines_by_their_other_name_are_read_and_what_programs_leave_behind_is_not(tmp_path):
    (tmp_path / "clients.ndjson").write_text('{"client_id": "c1"}\n')
    (tmp_path / "_SUCCESS").write_text("")
    staging = tmp_path / "jobs" / "_temporary"
    staging.mkdir(parents=True)
    (staging / "part.csv").write_text("half")
    pq.write_table(pa.table({"job_id": ["j1"]}), tmp_path / "jobs" / "part.parquet")
    found = [(name, rows.num_rows) for name, _, rows in read_contract_directory(tmp_path)]
    assert found == [("clients", 1), ("jobs", 1)]
