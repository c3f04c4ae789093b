"""Columns of bytes in Parquet are the text or the UUIDs that programs wrote there."""

from datetime import UTC, datetime
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.importers.conform import REASON
from components.importers.files.file_format import FileFormat
from components.importers.files.opening import read_rows
from components.importers.mapped.interactions import import_interactions
from metier.errors import ContractError
from metier.lake import Lake

CLOCK = datetime(2026, 4, 1, tzinfo=UTC)
NAMES = [UUID(int=7 << 120 | 200), UUID(int=255 << 112)]
SPELLED = ["07000000-0000-0000-0000-0000000000c8", "00ff0000-0000-0000-0000-000000000000"]
MAPPING = """
interactions:
  kind: {from: did, kind: text}
  freelancer_id: {from: who, kind: text}
  job_id: {from: what, kind: text}
  event_timestamp: {from: ts, kind: date}
"""


def read(tmp_path, values, columns=("x",)):
    pq.write_table(pa.table({"x": values}), tmp_path / "x.parquet")
    return read_rows(tmp_path / "x.parquet", FileFormat(), columns)


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.binary(16), pa.uuid()])
def test_uuids_are_spelled_as_people_write_them(tmp_path, kind):
    values = pa.array([name.bytes for name in NAMES] + [None], kind)
    assert read(tmp_path, values)["x"].to_pylist() == [*SPELLED, None]


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.binary(16)])
def test_text_that_is_stored_as_bytes_is_text(tmp_path, kind):
    values = pa.array([b"abcdefghijklmnop", None], kind)
    assert read(tmp_path, values)["x"].to_pylist() == ["abcdefghijklmnop", None]


def test_a_list_of_bytes_is_a_list_of_text_and_of_a_bad_value_the_row_alone_is_lost(tmp_path):
    lists = read(tmp_path, pa.array([[b"Go", "Übung".encode()], None], pa.list_(pa.binary())))
    assert lists["x"].to_pylist() == [["Go", "Übung"], None]
    rows = read(tmp_path, pa.array([b"Go", b"\xff\xfe!"], pa.binary()))
    assert rows[REASON].to_pylist() == [None, "x is not valid UTF-8"]


def test_a_log_with_ids_in_bytes_comes_in_and_one_of_no_text_is_refused_by_its_column(tmp_path):
    columns = {
        "did": pa.array([b"view"] * 2),
        "who": pa.array([name.bytes for name in NAMES], pa.uuid()),
        "what": pa.array([17, 18], pa.decimal128(38, 0)),
        "ts": pa.array([CLOCK] * 2),
    }
    (tmp_path / "log.yaml").write_text(MAPPING)
    pq.write_table(pa.table(columns), tmp_path / "log.parquet")
    lake = Lake(str(tmp_path / "lake"))
    import_interactions(lake, tmp_path / "log.parquet", tmp_path / "log.yaml", CLOCK)
    rows = lake.read("interactions").to_pylist()
    assert sorted((row["freelancer_id"], row["job_id"]) for row in rows) == [(SPELLED[1], "18"), (SPELLED[0], "17")]
    pq.write_table(pa.table({**columns, "what": pa.array([b"\xff\x00", b"\xfe"])}), tmp_path / "log.parquet")
    with pytest.raises(ContractError, match=r"column 'what' of the file has type binary.* of job_id; write it as text"):
        import_interactions(lake, tmp_path / "log.parquet", tmp_path / "log.yaml", CLOCK)
