"""Great Expectations over the lake: a suite per table, published Data Docs, and a verdict that can stop a pipeline.

Checks columns and types, required values, ranges, allowed values, keys, references, volume and freshness at one
`as_of`. Repairs nothing; writes nothing outside the given folder and sends nothing anywhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)

from components.validation.data_docs import SuiteOutcome, finish_data_docs
from components.validation.expectation_frames import COPIES, EITHER, age_frame, columns_frame, references, rows_frame
from metier.contract import ATTRIBUTION_DAYS, TABLES, Column, Table
from metier.errors import ValidationError
from metier.lake import Lake

KNOWN_SHARE = 0.99
"""Share of references that must be known: logs hold some whose entity was never exported or was forgotten."""
FRESH_DAYS = max(ATTRIBUTION_DAYS.values())
"""A lake older than the longest attribution window has no immature outcome: nothing was recorded for too long."""
NEVER_EMPTY = ("freelancers", "jobs")
"""Without these nobody can be ranked; clients may be unknown, and a log may hold organic interactions only."""
CONTRACT = "contract"
"""The suite about the files themselves: their columns and types."""
MIGRATE = "run `metier lake migrate`, which upgrades the files of earlier versions"
MEND = "import what lacks (`metier import people`, `clients`, `posts`), or mend the rows and import them again"
"""Next moves: of files that are not of today's contract, and of rows."""
EXAMPLES = 3
"""Example rows kept of each failed expectation."""


@dataclass(frozen=True)
class FailedExpectation:
    """An expectation and the rows that do not meet it: how many, their share in percent, and a few of them."""

    table: str
    expectation: str
    column: str
    unexpected_count: int
    unexpected_percent: float
    examples: tuple[dict[str, Any], ...] = ()

    def render(self) -> str:
        """The expectation, the count, and an example row a line."""
        rows = f" {self.unexpected_count:,} rows ({self.unexpected_percent:.2f}%) do not."
        head = f"{self.table}: {self.expectation}.{rows if self.unexpected_count else ''}"
        return "\n".join([head, *(f"    for example {example}" for example in self.examples)])


@dataclass(frozen=True)
class Verdict:
    """Whether the lake may be used, what failed, what is only worth knowing, and the first page of the Data Docs."""

    passed: bool
    failed: tuple[FailedExpectation, ...]
    docs_path: Path
    warned: tuple[FailedExpectation, ...] = ()
    checked: int = 0

    def render(self) -> str:
        """A readable summary with example rows."""
        outcome = "passed" if self.passed else f"FAILED: {len(self.failed)} not met"
        lines = [f"validation {outcome}, {self.checked} expectations checked; Data Docs at {self.docs_path}"]
        lines += [f"  failed  {failure.render()}" for failure in self.failed]
        lines += [f"  warning  {warning.render()}" for warning in self.warned]
        return "\n".join(lines)


def validate(lake: Lake, as_of: datetime, docs: Path) -> Verdict:
    """The verdict on what the lake had recorded by `as_of`; Data Docs are written to the folder `docs`.

    Where a file lacks a column or holds one of another type, that is the verdict: no row is looked at.
    """
    suites = _Suites(docs, as_of)
    columns = columns_frame(lake)
    suites.check(CONTRACT, columns, ["table", "column", "expected_type"], [_types_agree()])
    if (columns.expected_type == columns.found_type).all():
        with lake.connect(as_of) as connection:
            suites.check("lake", age_frame(connection, as_of), ["table"], [_fresh()])
            for declared in TABLES.values():
                frame = rows_frame(connection, declared)
                suites.check(declared.name, frame, _identifying(declared), _table_rules(declared, len(frame)))
    return suites.verdict()


def require(verdict: Verdict) -> None:
    """ValidationError where the verdict is no: in its first line what is not met and the next move."""
    if not verdict.passed:
        unmet = "; ".join(f"{failure.table}: {failure.expectation}" for failure in verdict.failed)
        of_before = any(failure.table == CONTRACT for failure in verdict.failed)
        raise ValidationError(
            f"{len(verdict.failed)} expectations of the lake are not met ({unmet}); "
            f"{MIGRATE if of_before else MEND}\n{verdict.render()}"
        )


def _described(description: str, column: str) -> dict[str, Any]:
    """What every expectation carries: how a reader would say it, and the column it is about."""
    return {"description": description, "meta": {"says": description, "column": column}}


def _types_agree() -> gxe.Expectation:
    description = "every column of every file is there and has the contract's type"
    return gxe.ExpectColumnPairValuesToBeEqual(
        column_A="found_type", column_B="expected_type", **_described(description, "found_type")
    )


def _fresh() -> gxe.Expectation:
    age = "days_since_recorded"
    description = f"the newest row of the lake was recorded within {FRESH_DAYS} days of as_of"
    return gxe.ExpectColumnMinToBeBetween(column=age, max_value=FRESH_DAYS, **_described(description, age))


def _identifying(declared: Table) -> list[str]:
    """Columns that an example row shows beside the unexpected one."""
    return list(dict.fromkeys((*declared.key, *references(declared))))


def _table_rules(declared: Table, rows: int) -> list[gxe.Expectation]:
    """The table's suite; an empty table has only its volume to look at."""
    least = 1 if declared.name in NEVER_EMPTY else 0
    description = f"the table holds at least {least} rows"
    volume = gxe.ExpectTableRowCountToBeBetween(min_value=least, **_described(description, ""))
    if rows == 0:
        return [volume]
    return [volume, *_row_rules(declared), *(rule for column in declared.columns for rule in _column_rules(column))]


def _row_rules(declared: Table) -> Iterator[gxe.Expectation]:
    description = f"no two rows have one key ({', '.join(declared.key)})"
    yield gxe.ExpectColumnValuesToBeBetween(column=COPIES, max_value=1, **_described(description, COPIES))
    description = "recorded_at is not before event_timestamp"
    yield gxe.ExpectColumnPairValuesAToBeGreaterThanB(
        column_A="recorded_at", column_B="event_timestamp", or_equal=True, **_described(description, "recorded_at")
    )
    for column, flag in references(declared).items():
        description = f"{column} is known in the lake for {KNOWN_SHARE:.0%} of rows"
        yield gxe.ExpectColumnValuesToBeInSet(
            column=flag, value_set=[True], mostly=KNOWN_SHARE, **_described(description, column)
        )
    if declared.name == "interactions":
        description = "job_id or client_id is set"
        yield gxe.ExpectColumnValuesToBeInSet(column=EITHER, value_set=[True], **_described(description, EITHER))


def _column_rules(column: Column) -> Iterator[gxe.Expectation]:
    name = column.name
    if column.required:
        yield gxe.ExpectColumnValuesToNotBeNull(column=name, **_described(f"{name} is never missing", name))
    if column.allowed:
        description = f"{name} is one of {', '.join(column.allowed)}"
        yield gxe.ExpectColumnValuesToBeInSet(
            column=name, value_set=list(column.allowed), **_described(description, name)
        )
    limits = {"min_value": column.minimum, "max_value": column.maximum}
    bounds = {limit: value for limit, value in limits.items() if value is not None}
    if bounds:
        words = {"min_value": "at least", "max_value": "at most"}
        description = f"{name} is " + " and ".join(f"{words[limit]} {value:g}" for limit, value in bounds.items())
        yield gxe.ExpectColumnValuesToBeBetween(column=name, **bounds, **_described(description, name))


class _Suites:
    """Runs suites in a Great Expectations context that lives in memory, and gathers what was not met."""

    def __init__(self, docs: Path, as_of: datetime) -> None:
        self._docs = docs
        self._run = RunIdentifier(run_name=f"as of {as_of:%Y-%m-%d %H.%M.%S}")
        self._context = _context(docs)
        self._source = self._context.data_sources.add_pandas("lake")
        self._failed: list[FailedExpectation] = []
        self._warned: list[FailedExpectation] = []
        self._outcomes: list[SuiteOutcome] = []

    def check(self, name: str, frame: pd.DataFrame, identifying: list[str], rules: list[gxe.Expectation]) -> None:
        """Run the rules on the frame and keep their results."""
        batch = self._source.add_dataframe_asset(name).add_batch_definition_whole_dataframe(name)
        suite = gx.ExpectationSuite(name=name, expectations=rules)
        definition = gx.ValidationDefinition(name=name, data=batch, suite=self._context.suites.add(suite))
        checkpoint = gx.Checkpoint(
            name=name,
            validation_definitions=[self._context.validation_definitions.add(definition)],
            result_format={
                "result_format": "SUMMARY",
                "partial_unexpected_count": EXAMPLES,
                "unexpected_index_column_names": identifying,
            },
        )
        run = self._context.checkpoints.add(checkpoint).run(batch_parameters={"dataframe": frame}, run_id=self._run)
        results = next(iter(run.run_results.values())).results
        before = len(self._failed), len(self._warned)
        for result in results:
            self._gather(name, result)
        failed, warned = len(self._failed) - before[0], len(self._warned) - before[1]
        self._outcomes.append(SuiteOutcome(name, len(results), failed, warned))

    def verdict(self) -> Verdict:
        """What all suites together say, published as Data Docs."""
        self._context.build_data_docs()
        index = finish_data_docs(self._docs, self._run.run_name, self._outcomes)
        checked = sum(outcome.checked for outcome in self._outcomes)
        return Verdict(not self._failed, tuple(self._failed), index, tuple(self._warned), checked)

    def _gather(self, table: str, result: Any) -> None:
        failure = _failure(table, result)
        if not result.success:
            self._failed.append(failure)
        elif failure.unexpected_count:
            self._warned.append(failure)


def _context(docs: Path) -> Any:
    docs.mkdir(parents=True, exist_ok=True)
    site = {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(docs.absolute())},
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
    }
    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(),
        data_docs_sites={"metier": site},
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
    )
    return gx.get_context(mode="ephemeral", project_config=config)


def _failure(table: str, result: Any) -> FailedExpectation:
    meta, outcome = result.expectation_config.meta, result.result or {}
    description = meta["says"]
    if "observed_value" in outcome:
        description += f" (found {_plain(outcome['observed_value'])})"
    elif "unexpected_count" not in outcome:
        description += " (could not be checked; the Data Docs say why)"
    examples = [{k: _plain(v) for k, v in row.items()} for row in outcome.get("partial_unexpected_index_list") or []]
    count, percent = outcome.get("unexpected_count") or 0, outcome.get("unexpected_percent") or 0.0
    return FailedExpectation(table, description, meta["column"], count, float(percent), tuple(examples))


def _plain(value: object) -> object:
    """A value as JSON and a reader know it."""
    value = value.item() if hasattr(value, "item") else value
    return value if isinstance(value, str | int | float | bool | None) else str(value)
