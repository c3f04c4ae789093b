"""Files of every format as pieces of a table, and what a file that is something else is told."""

import bz2
import gzip
import io
import lzma
import os
import random
import sqlite3
import threading
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.importers.files.file_format import FileFormat
from components.importers.files.opening import open_rows, read_rows
from metier.errors import ContractError, EmptyDataError


def _rows(path, columns=None, **declared):
    return read_rows(path, FileFormat(**declared), columns).to_pylist()


def _zip(members):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return archive.getvalue()


def test_the_columns_that_were_asked_for_come_in_their_order(tmp_path):
    path = tmp_path / "posts.csv"
    path.write_text("id;title;city\n1;Roofer;Bremen\n")
    assert _rows(path, ["city", "id"], delimiter=";") == [{"city": "Bremen", "id": "1"}]
    pq.write_table(pa.table({"id": [1], "title": ["Roofer"]}), tmp_path / "posts.parquet")
    assert _rows(tmp_path / "posts.parquet", ["id"]) == [{"id": 1}]


def test_a_column_that_the_file_lacks_is_named_beside_those_it_has(tmp_path):
    path = tmp_path / "posts.csv"
    path.write_text("id,title\n1,Roofer\n")
    with pytest.raises(ContractError, match="has no column 'Titel'; its columns are: id, title; did you mean 'title'"):
        _rows(path, ["Titel"])
    with pytest.raises(ContractError, match="if ',' stands between its columns, declare that as the delimiter"):
        _rows(path, ["id"], delimiter=";")
    path.write_text("Dear all\n\nhere is what I know\n")
    with pytest.raises(ContractError, match="this is text of one column"):
        _rows(path, ["id"])


def test_names_that_stand_twice_or_are_blank_matter_only_where_they_are_asked_for(tmp_path):
    path = tmp_path / "posts.csv"
    path.write_text("id,title,title,,\n1,Roofer,Dachdecker,a,b\n")
    assert _rows(path, ["id"]) == [{"id": "1"}]
    assert _rows(path, ["3", "5"]) == [{"3": "Dachdecker", "5": "b"}]
    with pytest.raises(ContractError, match="2 columns have the name 'title' in its header; say which by its place, 2"):
        _rows(path, ["title"])


def named_by_place(value):
    """The name of a parameter: packed content holds the moment of its packing, which no name of a test may."""
    return "content" if isinstance(value, bytes) else None


@pytest.mark.parametrize(
    ("content", "declared"),
    [
        (b"id\ttitle\r\n1\tStra\xdfe; \x80\r\n", {"delimiter": "\t", "encoding": "cp1252"}),
        ("id,title\n1,Straße; €\n".encode("utf-16"), {}),
        ("\ufeffid,title\n1,Straße; €\n".encode("utf-16-be"), {}),
        ("id,title\n1,Straße; €\n".encode("utf-16-le"), {"encoding": "utf-16-le"}),
        ("\ufeffid,title\n1,Straße; €\n".encode(), {"encoding": "latin-1"}),
        ("sep=|\nid|title\n1|Straße; €\n".encode(), {}),
        ("id,title\r1,Straße; €\r".encode(), {}),
        ("'id','title'\n'1','Straße; €'\n".encode(), {"quote": "'"}),
        ("id,title\n1,Straße\\; €\n".encode(), {"escape": "\\"}),
        ("1,Straße; €\n".encode(), {"header": ("id", "title")}),
        (gzip.compress("id,title\n1,Straße; €\n".encode(), mtime=0), {}),
        (_zip({"a/posts.csv": "id,title\n1,Straße; €\n", "__MACOSX/a/posts.csv": "x"}), {}),
        (gzip.compress(_zip({"posts.csv": "id,title\n1,Straße; €\n"}), mtime=0), {}),
    ],
    ids=named_by_place,
)
def test_every_dialect_encoding_and_packing_gives_the_same_row(tmp_path, content, declared):
    path = tmp_path / "posts.csv"
    path.write_bytes(content)
    assert _rows(path, ["id", "title"], **declared) == [{"id": "1", "title": "Straße; €"}]


def test_without_a_header_columns_are_named_by_place_and_unquoted_text_keeps_its_quotes(tmp_path):
    path = tmp_path / "posts.csv"
    path.write_text('1,"a\n2,b"\n')
    assert _rows(path, header=False, quote=None) == [{"1": "1", "2": '"a'}, {"1": "2", "2": 'b"'}]
    with pytest.raises(ContractError, match="3 names are declared for rows of 2 values"):
        _rows(path, header=("a", "b", "c"), quote=None)


def test_a_byte_that_the_declared_encoding_does_not_have_is_named_by_line(tmp_path):
    path = tmp_path / "posts.csv"
    path.write_bytes(b"id,title\n1,Stra\xdfe\n2,\x81\n")
    rows = _rows(path, encoding="cp1252")
    assert [row["id"] for row in rows] == ["1", "2"]
    assert rows[1]["metier.reason"] == "row is not valid CP1252 (line 3, byte 0x81)"
    with pytest.raises(ContractError, match="encoding 'klingon' is unknown"):
        _rows(path, encoding="klingon")


def _sqlite(path):
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE posts (id)")
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (_zip({"[Content_Types].xml": "", "xl/workbook.xml": ""}), "is an Excel workbook, not a table; save"),
        (_zip({"a.csv": "x", "b.csv": "y"}), r"is a ZIP archive of 2 files \(a\.csv, b\.csv\), not a table; unpack it"),
        (b"PK\x03\x04 cut off", "is a ZIP archive that is cut off or damaged"),
        (gzip.compress(random.Random(0).randbytes(4000), mtime=0)[:3000], "is cut off or damaged"),
        (bz2.compress(b"id\n1\n"), "is compressed by bzip2, not a table; unpack it by bunzip2"),
        (lzma.compress(b"id\n1\n"), "is compressed by xz"),
        (b"%PDF-1.7\n%\xe2\xe3", "is a PDF document, not a table; export the table as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "is a workbook or document of old Microsoft Office"),
        (b"<?xml version='1.0'?><jobs/>", "is XML, not a table"),
        ("id,title\n1,Welder\n".encode("utf-16-le"), "declare encoding: utf-16-le"),
        (bytes(range(256)) * 20, "is a binary file of an unknown kind"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "is a picture"),
    ],
    ids=named_by_place,
)
def test_a_file_that_is_something_else_is_told_what_it_is(tmp_path, content, what):
    path = tmp_path / "posts.csv"
    path.write_bytes(content)
    with pytest.raises(ContractError, match=what):
        _rows(path)


def test_a_database_is_told_so_and_an_empty_or_absent_file_too(tmp_path):
    _sqlite(tmp_path / "posts.db")
    with pytest.raises(ContractError, match="is a SQLite database"):
        _rows(tmp_path / "posts.db")
    (tmp_path / "posts.csv").write_bytes(b"\xef\xbb\xbf\n\n")
    with pytest.raises(EmptyDataError, match=r"posts\.csv is empty"):
        _rows(tmp_path / "posts.csv")
    with pytest.raises(ContractError, match="cannot be read"):
        _rows(tmp_path / "absent.csv")


def test_fields_of_parquet_are_reached_by_path_and_packed_parquet_is_read(tmp_path):
    rows = [{"org": {"name": "a"}, "at": [{"city": "x"}, {"city": "y"}]}, {"org": None, "at": None}, {"at": []}]
    packed = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), packed)
    path = tmp_path / "posts.parquet.gz"
    path.write_bytes(gzip.compress(packed.getvalue()))
    assert _rows(path, ["org.name", "at.city", "at.1.city"]) == [
        {"org.name": "a", "at.city": ["x", "y"], "at.1.city": "y"},
        {"org.name": None, "at.city": None, "at.1.city": None},
        {"org.name": None, "at.city": [], "at.1.city": None},
    ]
    with pytest.raises(ContractError, match=r"has no column 'org\.nam'; its columns are: name"):
        _rows(path, ["org.nam"])


def test_a_pipe_is_read_once_from_its_beginning(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: path.write_text("id\n" + "7\n" * 100_000))
    writer.start()
    assert sum(rows.num_rows for rows in open_rows(path, FileFormat(), ["id"])) == 100_000
    writer.join(timeout=10)
