"""What leads from one version of the data contract to the next; pure, and idempotent where rows are masked.

Rows that were refused have no version: their texts are masked by every migration.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import pyarrow as pa

from metier.contract import NUMBER, TABLES
from metier.texts.free_texts import FREE_TEXTS, plain_texts
from metier.texts.personal_data import mask

Step: TypeAlias = Callable[[str, pa.Table], pa.Table]
"""From (table name, rows of one version) to the same rows in the next; rows are given a batch at a time."""


def _from_first(name: str, rows: pa.Table) -> pa.Table:
    """No job of version 1 says what it pays by the year; masks of version 1 missed styled letters and dashes."""
    added = ("salary_min_usd", "salary_max_usd") if name == "jobs" else ()
    for column in added:
        rows = rows.append_column(column, pa.nulls(rows.num_rows, NUMBER))
    return plain_texts(name, rows)[0]


STEPS: Mapping[int, Step] = {1: _from_first}
"""By version, the step that leads on from it."""


def masked_rejects(rejected: pa.Table) -> pa.Table:
    """Quarantined rows (table, source, reason, row) with personal data masked in the texts of `row`."""
    lines = [_masked(*pair) for pair in zip(rejected["table"].to_pylist(), rejected["row"].to_pylist(), strict=True)]
    if lines == rejected["row"].to_pylist():
        return rejected
    column = rejected.schema.get_field_index("row")
    return rejected.set_column(column, rejected.schema.field(column), pa.array(lines, pa.string()))


def _masked(name: str, line: str) -> str:
    """A line of JSON; as it is where nothing is masked."""
    row = json.loads(line)
    if not isinstance(row, dict):
        return line
    masked = {column: _masked_value(value) if _is_free(name, column) else value for column, value in row.items()}
    return line if masked == row else json.dumps(masked, ensure_ascii=False)


def _is_free(name: str, column: str) -> bool:
    """Whether people write what they like there; of a column that the contract does not have nothing is known."""
    declared = TABLES[name].schema.names if name in TABLES else ()
    return column in FREE_TEXTS.get(name, {}) or column not in declared


def _masked_value(value: Any) -> Any:
    if isinstance(value, str):
        return mask(value)[0]
    if isinstance(value, list):
        return [_masked_value(member) for member in value]
    if isinstance(value, dict):
        return {key: _masked_value(member) for key, member in value.items()}
    return value
