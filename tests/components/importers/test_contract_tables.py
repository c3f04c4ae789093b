"""A folder of contract tables: which files are read, and what broken ones say."""

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.importers.conform import LINE, REASON
from components.importers.contract_tables import read_contract_directory
from components.importers.files.delimited import delimited_pieces, read_delimited
from metier.errors import ContractError, EmptyDataError, SettingsError

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


def test_csv_text_is_read_with_quoted_newlines_a_byte_order_mark_and_windows_line_ends(tmp_path):
    path = tmp_path / "jobs.csv"
    path.write_bytes('\ufeffjob_id,title\r\nj1,"Weld\n""steel"""\r\nj2,\r\n'.encode())
    assert read_delimited(path).to_pylist() == [
        {"job_id": "j1", "title": 'Weld\n"steel"'},
        {"job_id": "j2", "title": ""},
    ]


def test_csv_rows_with_invalid_bytes_are_marked_and_the_others_kept(tmp_path):
    path = tmp_path / "jobs.csv"
    path.write_bytes(b"job_id,title\nj1,Welder\nj2,Caf\xe9\nj3,\xef\xbf\xbd\n")
    rows = read_delimited(path).to_pylist()
    assert [row["title"] for row in rows] == ["Welder", "Caf\ufffd", "\ufffd"]
    assert [row[REASON] for row in rows] == [None, "row is not valid UTF-8", None]


def test_csv_with_nothing_but_broken_rows_keeps_them(tmp_path):
    path = tmp_path / "jobs.csv"
    path.write_bytes(b"job_id,title\nj2\xff\n")
    assert [row[LINE] for row in read_delimited(path).to_pylist()] == ["j2\ufffd"]


def test_parquet_with_a_column_name_that_is_no_text_is_a_clear_error(tmp_path):
    path = tmp_path / "clients.parquet"
    pq.write_table(CLIENTS, path, store_schema=False)
    path.write_bytes(path.read_bytes().replace(b"client_id", b"cli\xffnt_id"))
    with pytest.raises(ContractError, match="cannot be read as Parquet"):
        list(read_contract_directory(tmp_path))


def test_csv_rows_of_the_wrong_width_are_kept_whole(tmp_path):
    path = tmp_path / "jobs.csv"
    path.write_text("job_id,title\nj1,Welder\nj2\nj3,a,b\n")
    rows = read_delimited(path).to_pylist()
    assert [row["job_id"] for row in rows] == ["j1", None, None]
    assert [row[LINE] for row in rows] == [None, "j2", "j3,a,b"]
    assert rows[2][REASON] == "row has 3 values where the header has 2"


PLAIN = (b"a", b"", b'"x,y"', b'"two\nlines"', b'"he said ""no"""')
CELLS = (*PLAIN, "Gr\u00fc\u00dfe".encode(), b"Cura\xe7ao", b"\xff\xfe")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.sampled_from(CELLS), min_size=1, max_size=4), max_size=30), st.integers(100, 300))
def test_csv_in_pieces_holds_what_the_whole_file_holds(tmp_path, lines, size):
    path = tmp_path / "jobs.csv"
    path.write_bytes(b"\n".join([b"job_id,title,city", *(b",".join([b"j", *cells]) for cells in lines), b""]))
    whole, pieces = read_delimited(path), list(delimited_pieces(path, size=size))
    columns = [name for name in ("job_id", "title", "city", REASON, LINE) if name in whole.column_names]
    parted = pa.concat_tables(pieces, promote_options="default").select(columns)
    assert sorted(map(repr, parted.to_pylist())) == sorted(map(repr, whole.select(columns).to_pylist()))
    assert len(lines) == whole.num_rows


def test_csv_without_a_header_or_with_a_repeated_one(tmp_path):
    path = tmp_path / "jobs.csv"
    path.write_text("")
    with pytest.raises(EmptyDataError, match=r"jobs\.csv is empty"):
        read_delimited(path)
    path.write_bytes(b"job_id,ti\rtle\n1,2\n")
    with pytest.raises(ContractError, match="its header cannot be read"):
        read_delimited(path)
    path.write_text("job_id,job_id\n1,2\n")
    with pytest.raises(ContractError, match="have one name"):
        read_delimited(path)
