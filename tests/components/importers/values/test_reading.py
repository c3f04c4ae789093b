"""Every kind of cell is read by one code."""

import pyarrow as pa

from components.importers.values.reading import Reading, first_read, read_column
from metier.contract import JOBS


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
