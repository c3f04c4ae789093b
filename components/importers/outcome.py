"""Whether an import was one: an error where all was refused, or more than the caller lets pass.

What was written stays, and what was refused is in quarantine. Knows counts; no rows.
"""

from components.importers.ingest import IngestReport, TableReport
from metier.errors import ContractError

MOST_QUARANTINED = 0.5
"""Share of a table's rows that may be refused, unless the caller says otherwise."""


def require_useful(report: IngestReport, source: str, most: float = MOST_QUARANTINED) -> None:
    """ContractError where no row of the import was of use, or more than the share `most` of a table was refused.

    Rows that were there already are of use; rows that an earlier one of the file stands for are not refused.
    """
    tables = {name: table for name, table in report.tables.items() if table.read}
    if not any(table.written + table.duplicates for table in tables.values()) and any(map(_refused, tables.values())):
        rows = sum(table.read for table in tables.values())
        raise ContractError(f"{source}: no row was written, all {rows:,} were refused{_most_often(tables)}")
    for name, table in tables.items():
        if _refused(table) > most * table.read:
            raise ContractError(
                f"{source}: {_refused(table):,} of {table.read:,} rows of {name} were refused, more than the share of "
                f"{most:g}; what was written stays{_most_often({name: table})}, or raise --most-quarantined"
            )


def _refused(table: TableReport) -> int:
    return table.quarantined - table.set_aside()


def _most_often(tables: dict[str, TableReport]) -> str:
    reasons = {reason: number for table in tables.values() for reason, number in table.reasons.items()}
    reason = max(reasons, key=lambda name: reasons[name])
    return f", {reasons[reason]:,} of them since {reason!r}; mend the file or its mapping and import it again"
