"""Every kind of cell is read by one code."""

import json
from datetime import UTC, datetime
from itertools import product

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.importers.values import machine
from components.importers.values.missing import is_missing
from components.importers.values.moments.spelled_dates import spelled_date
from components.importers.values.patterns import require_pattern
from components.importers.values.pay.terms import with_terms
from components.importers.values.reading import Reading, decided, first_read, read_column
from metier.contract import JOBS
from metier.errors import RefusedValueError
from metier.texts.plain_text import one_line

NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)


def read(name, cells, **reading):
    return read_column(pa.chunked_array([pa.array(cells, pa.string())]), JOBS.column(name), Reading(**reading))


def test_a_value_or_a_reason_or_neither():
    found = read("budget_min_usd", ["$10-$30", "n/a", "€5", None], kind="money")
    assert found.values.to_pylist() == [10, None, None, None]
    assert found.reasons.to_pylist() == [None, None, "in EUR, not in US dollars", None]


def test_the_first_value_that_is_there():
    fixed = read("budget_min_usd", ["$500", "", "€5", ""], kind="money")
    hourly = read("budget_min_usd", ["", "$20/hr", "$30/hr", "€7"], kind="rate")
    found = first_read([fixed, hourly])
    assert found.values.to_pylist() == [500, 20, 30, None]
    assert found.reasons.to_pylist() == [None, None, None, "in EUR, not in US dollars"]


@pytest.mark.parametrize("kind", ["number", "money"])
def test_a_column_decides_whether_its_comma_is_a_decimal_comma(kind):
    name = "budget_min_usd"
    assert read(name, ["37,5", "37,125", "1.200,5", "1.200", "40"], kind=kind).values.to_pylist() == [
        37.5, 37.125, 1200.5, 1200, 40
    ]  # fmt: skip
    assert read(name, ["37,125", "1,200", "40"], kind=kind).values.to_pylist() == [37_125, 1200, 40]
    assert read(name, ["37,125", "1,200.5"], kind=kind).values.to_pylist() == [37_125, 1200.5]


def test_the_first_piece_decides_the_decimal_comma_of_the_next():
    first, column = pa.chunked_array([pa.array(["37,5", "1"])]), JOBS.column("budget_min_usd")
    told = decided(first, column, Reading(kind="number")).told()
    later = read_column(pa.chunked_array([pa.array(["37,125"])]), column, Reading(kind="number", **told))
    assert later.values.to_pylist() == [37.125]


def test_a_list_of_two_numbers_is_a_range_in_json_and_in_parquet():
    low, high = (JOBS.column(name) for name in ("budget_min_usd", "budget_max_usd"))
    for cells in (pa.array([[100, 250.5], [37.125], [1, 2, 3]]), pa.array(["[100, 250.5]", "[37.125]", "[1, 2, 3]"])):
        found = [read_column(pa.chunked_array([cells]), column, Reading(kind="money")) for column in (low, high)]
        assert [end.values.to_pylist() for end in found] == [[100, 37.125, None], [250.5, 37.125, None]]
        assert found[0].reasons.to_pylist() == [None, None, "names more than one sum"]


def test_a_list_of_numbers_keeps_the_currency_beside_it():
    sums, currencies = pa.chunked_array([pa.array([[20, 30], [20, 30]])]), pa.chunked_array([pa.array(["EUR", "USD"])])
    assert with_terms(sums, currencies, None, ()).to_pylist() == ["EUR 20 - 30", "$ 20 - 30"]


def test_of_too_many_words_that_are_not_known_the_reason_names_none():
    words = ["".join(letters) for letters in product("xyzvw", repeat=3)]
    few = read("budget_min_usd", [f"$5 {word}" for word in words[:3]], kind="money").reasons.to_pylist()
    assert few == [f"a word beside the sum that is not known: {word}" for word in words[:3]]
    many = read("budget_min_usd", [f"$5 {word}" for word in words], kind="money").reasons
    assert many.unique().to_pylist() == ["a word beside the sum that is not known"]


def test_pay_is_a_sum_or_by_the_hour():
    found = read("budget_max_usd", ["$6,000", "Hourly: $20-$30", "$500 per project", "$400 a day"], kind="pay")
    assert found.values.to_pylist() == [6000, 30, 500, None]
    assert found.reasons.to_pylist() == [None, None, None, "by the day: neither a sum nor by the hour"]


def test_a_list_column_has_one_separator():
    cells = ["Tiling (walls, floors), Grouting", "Cement;lime, Sand", "{Tiling,Sand}", "Sand"]
    found = read("skills", cells, kind="list")
    assert found.values.to_pylist()[1] == ["Cement;lime", "Sand"]
    assert found.reasons.null_count == 4
    found = read("skills", [*cells, "Lime, Sand", "Tiling; Sand"], kind="list")
    assert found.values.to_pylist()[1] == ["Cement;lime", "Sand"]
    assert found.reasons.to_pylist()[-1] == "a list separated otherwise than the column's others"
    mixed = read("skills", ["Tiling; Sand", "Tiling, Sand"], kind="list")
    assert mixed.reasons.to_pylist() == ["a list with two separators; declare 'separator:'"] * 2
    assert read("skills", ["a; b, c"], kind="list", separator=";").values.to_pylist() == [["a", "b, c"]]
    assert read("skills", ["Wet rooms, showers"], kind="list", separator=";").reasons[0].as_py() == (
        "a list separated otherwise than the column's others"
    )


def test_later_pieces_follow_the_first():
    column, pieces = JOBS.column("skills"), [["a; b", "c"], ["d, e"]]
    cells = [pa.chunked_array([pa.array(piece)]) for piece in pieces]
    reading = decided(cells[0], column, Reading("list"))
    assert reading.separator == ";"
    assert read_column(cells[1], column, reading).values.to_pylist() == [None]


def test_a_point_with_three_decimals_is_one_where_a_program_wrote_the_column():
    assert read("budget_min_usd", ["1.200", "2.5"]).values.to_pylist() == [1.2, 2.5]
    assert read("budget_min_usd", ["1.200", "2.500"]).values.to_pylist() == [None, None]
    assert read("budget_min_usd", ["1.200", "$2.5"]).values.to_pylist() == [None, 2.5]


def test_words_of_the_mapping_for_nothing_and_for_values():
    found = read("company", ["Not listed", " not LISTED ", "-1", "Acme"], kind="text", missing=("Not listed", "-1"))
    assert found.values.to_pylist() == [None, None, None, "Acme"]
    found = read("budget_kind", ["Yes", "0", "n/a", "hourly"], kind="text", values={"true": "hourly", "no": "fixed"})
    assert found.values.to_pylist() == ["hourly", "fixed", None, "hourly"]
    found = read("budget_min_usd", ["Small", "mid", "$9"], kind="money", values={"small": "$500", "Mid": "1-2k"})
    assert found.values.to_pylist() == [500, None, 9]


def test_the_group_of_a_pattern_is_read():
    cells = ["Budget: 1,200 (fixed)", "Budget: none", "n/a", None]
    found = read("budget_min_usd", cells, kind="money", pattern=r"Budget: ([\d,]+)")
    assert found.values.to_pylist() == [1200, None, None, None]
    assert found.reasons.to_pylist() == [None, "not as the pattern says", None, None]


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [("(", "no regular expression"), (r"(?<=a)(b)", "no regular expression"), ("ab", "not one group"),
     ("(a)(b)", "not one group"), ("(a)" + "b" * 500, "longer than 500")],
)  # fmt: skip
def test_a_pattern_is_checked_before_a_file_is_read(pattern, reason):
    with pytest.raises(RefusedValueError, match=reason):
        require_pattern(pattern)
    require_pattern(r"^(?:pay )?(\d+)$")


def test_cells_of_a_parquet_file_are_read_by_their_type():
    moments = pa.chunked_array([pa.array([1_770_120_000, 1_770_120_000_000, 7])])
    found = read_column(moments, JOBS.column("posted_at"), Reading("date"))
    assert found.values.to_pylist() == [NOON, NOON, None]
    assert found.reasons.to_pylist() == [None, None, "a number that is no moment"]
    words = pa.chunked_array([pa.array([True, False, None])])
    found = read_column(words, JOBS.column("budget_kind"), Reading(values={"yes": "hourly", "no": "fixed"}))
    assert found.values.to_pylist() == ["hourly", "fixed", None]
    rates = pa.chunked_array([pa.array([-1.0, 20.0, float("nan")])])
    found = read_column(rates, JOBS.column("budget_min_usd"), Reading(missing=("-1",)))
    assert found.values.to_pylist() == [None, 20, None]


SPELLED_MOMENTS = [
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%d %H:%M:%S+00",
    "%Y-%m-%d %H:%M:%S -0000",
    "%Y%m%dT%H%M%SZ",
    "%a, %d %b %Y %H:%M:%S GMT",
    "%a %b %d %H:%M:%S UTC %Y",
    "%B %d, %Y %I:%M:%S %p",
    "%d.%m.%Y %H:%M:%S",
]
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2099, 1, 1)).map(lambda m: m.replace(microsecond=0, tzinfo=UTC))


@settings(max_examples=40, deadline=None)
@given(MOMENTS)
def test_a_moment_reads_back_equal_from_every_spelling(moment):
    seconds = int(moment.timestamp())
    cells = [moment.strftime(form) for form in SPELLED_MOMENTS]
    cells += [f"{seconds}{unit}" for unit in ("", ".0", "000", "000.0", "000000", "000000000")] + [f"{seconds:.9e}"]
    assert set(read("posted_at", cells, kind="date").values.to_pylist()) == {moment}


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 99_999_999), st.integers(0, 99_999_999))
def test_a_range_of_sums_reads_back_equal_from_every_spelling(cents, more):
    low, high = cents / 100, (cents + more) / 100
    ends = f"${low:,.2f}", f"${high:,.2f}"
    cells = [f"{ends[0]} - {ends[1]}", f"{ends[0]} to {ends[1]} (est.)", f"Budget: {low:.2f}-{high:.2f} USD",
             f'{{"minValue": {low}, "maxValue": {high}}}']  # fmt: skip
    assert set(read("budget_min_usd", cells, kind="money").values.to_pylist()) == {low}
    assert set(read("budget_max_usd", cells, kind="money").values.to_pylist()) == {high}


WORDS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8).filter(lambda word: not is_missing(word))


@settings(max_examples=60, deadline=None)
@given(st.lists(WORDS, min_size=2, unique_by=str.casefold))
def test_a_list_reads_back_equal_from_every_spelling(members):
    said = [one_line(member) for member in members]
    postgres = "{" + ",".join(json.dumps(member, ensure_ascii=False) for member in members) + "}"
    for cell in (
        json.dumps(members),
        repr(members),
        postgres,
        *(mark.join(members) for mark in ("|", "; ", "\n", ", ")),
    ):
        assert read("skills", [cell], kind="list").values.to_pylist() == [said]


KINDS = {"title": "text", "description": "html", "budget_min_usd": "money", "budget_max_usd": "rate", "skills": "list",
         "salary_min_usd": "salary", "posted_at": "date", "openings": "number", "status": "text"}  # fmt: skip
CELLS = st.text() | st.from_regex(r"[$€{\[(\"'0-9a-z ,;.:/+-]{0,30}", fullmatch=True)


@settings(max_examples=150, deadline=None)
@given(st.lists(CELLS, max_size=5), st.sampled_from(sorted(KINDS)), st.booleans())
def test_any_cell_is_read_or_refused_by_name(cells, name, as_contract):
    found = read(name, cells, kind=None if as_contract else KINDS[name])
    assert len(found.values) == len(found.reasons) == len(cells)
    found.values.validate(full=True)
    assert not any(pc.and_(pc.is_valid(found.values), pc.is_valid(found.reasons)).to_pylist())


CLOCKS = r"[0-2]\d:[0-5]\d(:[0-5]\d(\.\d{1,9})?)?( ?(Z|[+-]\d\d:?[0-5]\d))?"
ISO = st.from_regex(rf"[12]\d{{3}}-[01]\d-[0-3]\d([T ]{CLOCKS})?", fullmatch=True)


@settings(max_examples=200, deadline=None)
@given(ISO | st.from_regex(r"\d{9,19}(\.0)?", fullmatch=True))
def test_a_column_of_a_program_is_read_as_each_of_its_cells(cell):
    (by_column,) = machine.moments(pa.array([cell])).to_pylist()
    try:
        alone = spelled_date(cell)
    except RefusedValueError:
        alone = None
    assert by_column is None or by_column == alone
