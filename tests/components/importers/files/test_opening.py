"""Files of every format as pieces of a table, and what a file that is something else is told."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.importers.files.file_format import FileFormat
from components.importers.files.opening import open_rows
from metier.errors import ContractError


def _rows(path, columns=None, **declared):
    return pa.concat_tables(open_rows(path, FileFormat(**declared), columns)).to_pylist()


def test_the_columns_that_were_asked_for_come_in_their_order(tmp_path):
    path = tmp_path / "posts.csv"
    path.write_text("id;title;city\n1;Roofer;Bremen\n")
    assert _rows(path, ["city", "id"], delimiter=";") == [{"city": "Bremen", "id": "1"}]
    pq.write_table(pa.table({"id": [1], "title": ["Roofer"]}), tmp_path / "posts.parquet")
    assert _rows(tmp_path / "posts.parquet", ["id"]) == [{"id": 1}]


def test_a_column_that_the_file_lacks_is_named_beside_those_it_has(tmp_path):
    path = tmp_path / "posts.csv"
    path.write_text("id,title\n1,Roofer\n")
    with pytest.raises(ContractError, match="has no column 'body'; its columns are: id, title"):
        _rows(path, ["body"])
