"""Delimited text: every dialect, and rows that cannot be read, kept and counted to the row."""

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.importers.conform import LINE, REASON
from components.importers.files.delimited import delimited_pieces
from components.importers.files.file_format import FileFormat
from components.importers.files.opening import read_rows
from components.importers.files.unpacking import unpacked
from components.importers.files.utf8 import Blocks, Utf8
from metier.errors import ContractError, EmptyDataError


def _read(path, content=None, columns=None, **declared):
    if content is not None:
        path.write_bytes(content)
    return read_rows(path, FileFormat(**declared), columns).to_pylist()


def _pieces(path, size):
    with unpacked(path) as content:
        text = Utf8(content, path, None)
        return list(delimited_pieces(text, Blocks(text, size), FileFormat(), None))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "jobs.csv"


def test_quoted_newlines_a_byte_order_mark_and_windows_line_ends(path):
    content = '\ufeffjob_id,title\r\nj1,"Weld\n""steel"""\r\nj2,\r\n'.encode()
    assert _read(path, content) == [{"job_id": "j1", "title": 'Weld\n"steel"'}, {"job_id": "j2", "title": ""}]


def test_a_row_that_does_not_decode_names_its_line_and_byte_and_the_others_are_kept(path):
    content = b"job_id,title\nj1,Welder\nj2,Caf\xe9\nj3,\xef\xbf\xbd\n"
    rows = _read(path, content)
    assert [row["title"] for row in rows] == ["Welder", "\ufffd", "Caf\ufffd"]
    assert [row[REASON] for row in rows] == [None, None, "row is not valid UTF-8 (line 3, byte 0xE9)"]
    assert [row[LINE] for row in _read(path, content, ["job_id"])] == [None, None, "j2,Caf\ufffd"]


def test_nothing_but_broken_rows_keeps_them(path):
    assert [row[LINE] for row in _read(path, b"job_id,title\nj2\xff\n")] == ["j2\ufffd"]


def test_rows_of_the_wrong_width_are_kept_whole(path):
    rows = _read(path, b"job_id,title\nj1,Welder\nj2\nj3,a,b\n")
    assert [row["job_id"] for row in rows] == ["j1", None, None]
    assert [row[LINE] for row in rows] == [None, "j2", "j3,a,b"]
    assert rows[2][REASON] == "row has 3 values where the header has 2"


PLAIN = (b"a", b"", b'"x,y"', b'"two\nlines"', b'"he said ""no"""')
CELLS = (*PLAIN, "Gr\u00fc\u00dfe".encode(), b"Cura\xe7ao", b"\xff\xfe", b'5" pipe')


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.sampled_from(CELLS), min_size=1, max_size=4), max_size=30), st.integers(100, 300))
def test_pieces_hold_what_the_whole_file_holds(path, lines, size):
    path.write_bytes(b"\n".join([b"job_id,title,city", *(b",".join([b"j", *cells]) for cells in lines), b""]))
    whole, parted = read_rows(path, FileFormat()), pa.concat_tables(_pieces(path, size), promote_options="default")
    columns = [name for name in ("job_id", "title", "city", REASON, LINE) if name in whole.column_names]
    assert sorted(map(repr, parted.select(columns).to_pylist())) == sorted(map(repr, whole.select(columns).to_pylist()))
    assert len(lines) == whole.num_rows


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (b"", EmptyDataError, r"jobs\.csv is empty"),
        (b"job_id,ti\rtle\n1,2\n", ContractError, "its header cannot be read"),
        (b"job_id,job_id\n1,2\n", ContractError, "2 columns have the name 'job_id'"),
        (b"job_id,Stra\xdfe\n1,2\n", ContractError, r"line 1, its header, is not valid UTF-8 \(byte 0xDF\)"),
    ],
)
def test_a_header_that_cannot_be_used(path, content, error, message):
    with pytest.raises(error, match=message):
        _read(path, content)


def test_a_quote_that_is_never_closed_costs_its_own_line_alone(path):
    rows = _read(path, b'job_id,title\nj1,Welder\nj2,"Roofer\nj3,Painter\nj4,Glazier\n')
    assert [row["job_id"] for row in rows] == ["j1", "j3", "j4", None]
    assert (rows[3][LINE], rows[3][REASON]) == ('j2,"Roofer', "a quote is opened and never closed (line 3)")


def test_a_quote_that_only_a_later_cell_closes_was_never_closed(path):
    rows = _read(path, b'job_id,title\n1,"Roofer\n2,Painter\n3,"Glazier, glass"\n')
    assert [row["job_id"] for row in rows] == ["2", "3", None]


@pytest.mark.parametrize("size", [1 << 10, 1 << 25])
def test_a_cell_of_several_megabytes_is_read_from_a_stream_of_short_reads(path, size):
    long = "brick\n" * 400_000
    path.write_text(f'job_id,title\nj1,"{long}"\nj2,Roofer\n')
    rows = pa.concat_tables(_pieces(path, size)).to_pylist()
    assert [(row["job_id"], len(row["title"])) for row in rows] == [("j1", len(long)), ("j2", 6)]


SOUND = (b"%d,Welder,Cork", b'%d,"Weld\nsteel",Cork', b'%d,"He said ""no"", twice","Cork"', b'%d,5" pipe,Cork')
DIRT = (b'%d,"Roofer,Cork', b'%d,Roofer,"Cork', b"%d,Cork", b"%d,a,b,c", b"%d,Caf\xe9,Cork", b'"%d,Tiler,Cork')


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from((*SOUND, *DIRT)), max_size=60), st.sampled_from([80, 400, 1 << 20]))
def test_planted_dirt_costs_the_rows_it_was_planted_in_and_no_other(path, rows, size):
    path.write_bytes(b"\n".join([b"number,title,city", *(row % number for number, row in enumerate(rows)), b""]))
    read = pa.concat_tables(_pieces(path, size), promote_options="default").to_pylist()
    lost = [row for row in read if row.get(REASON)]
    kept = sorted(int(row["number"]) for row in read if not row.get(REASON))
    assert kept == [number for number, row in enumerate(rows) if row in SOUND]
    assert len(kept) + len(lost) == len(rows)


def test_a_header_below_a_title_is_named_by_its_line(path):
    path.write_bytes(b"Open posts,,\n,,\njob_id,title,\n1,Tiler,\n2,Cook,\n")
    rows = read_rows(path, FileFormat(header=3), ["job_id", "title"])
    assert rows.to_pylist() == [{"job_id": "1", "title": "Tiler"}, {"job_id": "2", "title": "Cook"}]


def test_a_quote_behind_a_backslash_costs_its_row_and_names_the_key_that_reads_it(path):
    content = b'id,title,body\n1,"a \\"quoted\\" b","x, y"\n2,plain,"say \\"hi\\""\n3,5\\" pipe,"C:\\dir\\"\n4,c,d\n'
    rows = _read(path, content)
    assert [row["id"] for row in rows] == ["3", "4", None, None]
    assert rows[0] == {"id": "3", "title": '5\\" pipe', "body": "C:\\dir\\", REASON: None, LINE: None}
    said = 'a quote stands behind a backslash; declare escape: "\\\\" (line {})'
    assert [row[REASON] for row in rows[2:]] == [said.format(2), said.format(3)]
    escaped = _read(path, content[: content.index(b"3,5")], escape="\\")
    assert [row["title"] for row in escaped] == ['a "quoted" b', "plain"]
