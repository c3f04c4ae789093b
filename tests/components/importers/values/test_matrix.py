"""Every kind in every spelling: a value or a named refusal, the same in a contract file and through a mapping."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from components.importers.conform import conform
from components.importers.mapped.mapped_values import Findings, mapped_columns
from components.importers.mapped.rules import OfFile, read_rule
from components.importers.values.casting import SPELLED
from components.importers.values.reading import GENERAL, read_column
from metier.contract import TABLES
from tests.components.importers.values import spellings as of
from tests.components.importers.values import spellings_of_pay as of_pay
from tests.components.importers.values import spellings_of_words as of_words

CLOCK = datetime(2026, 6, 1, tzinfo=UTC)


def end(which, spellings):
    return {spelled: found[which] if isinstance(found, tuple) else found for spelled, found in spellings.items()}


MATRIX = {
    ("jobs", "posted_at", "date"): of.DATES,
    ("jobs", "budget_min_usd", "money"): end(0, of_pay.MONEY),
    ("jobs", "budget_max_usd", "money"): end(1, of_pay.MONEY),
    ("freelancers", "hourly_rate_usd", "rate"): of_pay.RATES,
    ("jobs", "salary_min_usd", "salary"): end(0, of_pay.SALARIES),
    ("jobs", "salary_max_usd", "salary"): end(1, of_pay.SALARIES),
    ("clients", "payment_verified", "boolean"): of_words.TRUTHS,
    ("jobs", "skills", "list"): of_words.LISTS,
    ("jobs", "experience_level", "text"): of_words.LEVELS,
    ("jobs", "budget_kind", "text"): of_words.BUDGETS,
    ("jobs", "status", "text"): of_words.STATUSES,
    ("jobs", "visibility", "text"): of_words.VISIBILITIES,
    ("freelancers", "hours_per_week", "number"): of_words.NUMBERS,
    ("jobs", "openings", "number"): of_words.WHOLE,
}
ROWS = {
    "jobs": {"job_id": "j1", "title": "Tiler", "description": "", "skills": "[]", "visibility": "public",
             "status": "open"},
    "freelancers": {"freelancer_id": "f1", "title": "Tiler", "overview": "", "skills": "[]", "status": "listed"},
    "clients": {"client_id": "c1", "status": "active"},
}  # fmt: skip


def conformed(name, column, cells):
    """(value, reason) of each cell in a file of the contract."""
    key = TABLES[name].key[0]
    rows = [{**ROWS[name], "event_timestamp": "2026-01-01", key: str(n), column: cell} for n, cell in enumerate(cells)]
    result = conform(name, pa.Table.from_pylist(rows), CLOCK, "rows.csv")
    values = dict(zip(result.rows[key].to_pylist(), result.rows[column].to_pylist(), strict=True))
    reasons = dict(zip(result.rejected[key].to_pylist(), result.reasons.to_pylist(), strict=True))
    return [(values.get(str(n)), reasons.get(str(n))) for n in range(len(cells))]


def mapped(name, column, kind, cells):
    """(value, reason) of each cell by a mapping."""
    declared = TABLES[name].column(column)
    rule = read_rule(declared, {"from": "cell", "kind": kind}, "column", OfFile(clock=CLOCK))
    read = read_column(pa.chunked_array([pa.array(cells)]), declared, rule.reading)
    return list(zip(read.values.to_pylist(), read.reasons.to_pylist(), strict=True))


def in_a_contract(column, is_not, reason):
    """A row's reason."""
    if reason == of.TOO_EARLY:
        return f"{column} is {reason}"
    return reason and (is_not if reason in (*GENERAL, of.NO_WORD) else f"{is_not}: {reason}")


@pytest.mark.parametrize(("name", "column", "kind"), MATRIX)
def test_both_importers_read_every_spelling_alike(name, column, kind):
    declared, spellings = TABLES[name].column(column), MATRIX[name, column, kind]
    columns = [[cell] for cell in spellings] if kind == "list" else [list(spellings)]
    of_contract = [pair for cells in columns for pair in conformed(name, column, cells)]
    by_mapping = [pair for cells in columns for pair in mapped(name, column, kind, cells)]
    refused = [isinstance(right, str) and right not in declared.allowed for right in spellings.values()]
    right = [(None, v) if bad else (v, None) for bad, v in zip(refused, spellings.values(), strict=True)]
    assert dict(zip(spellings, by_mapping, strict=True)) == dict(zip(spellings, right, strict=True))
    is_not = (
        f"{column} is not one of {', '.join(declared.allowed)}"
        if declared.allowed
        else (f"{column} is not a {SPELLED[declared.type]}")
    )
    told = [(value, in_a_contract(column, is_not, reason)) for value, reason in right]
    assert dict(zip(spellings, of_contract, strict=True)) == dict(zip(spellings, told, strict=True))


@pytest.mark.parametrize("spellings", [of.DATES, of_pay.MONEY, of_pay.RATES, of_pay.SALARIES, of_words.LISTS,
                                       of_words.LEVELS, of_words.TRUTHS, of_words.NUMBERS, of_words.WHOLE])  # fmt: skip
def test_every_kind_has_spellings_enough(spellings):
    assert len(spellings) >= 25


@pytest.mark.parametrize(("name", "column", "kind"), [c for c in MATRIX if not TABLES[c[0]].column(c[1]).required])
def test_what_is_missing_is_no_refusal(name, column, kind):
    assert conformed(name, column, of_words.MISSING) == [(None, None)] * len(of_words.MISSING)
    assert mapped(name, column, kind, of_words.MISSING) == [(None, None)] * len(of_words.MISSING)


def test_a_mapping_counts_what_it_refuses():
    rule = read_rule(TABLES["jobs"].column("budget_min_usd"), {"from": "cell", "kind": "money"}, "column", OfFile())
    findings = Findings()
    mapped_columns({"budget_min_usd": rule}, pa.table({"cell": ["€5", "€6", "$7", "-"]}), findings)
    assert findings.refused["budget_min_usd"] == {of_pay.EUROS: 2}
