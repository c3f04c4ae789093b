"""Any file of people, or of clients, by a declared mapping: clean, without personal data, each version once.

A row that contradicts an earlier one of its id and moment goes to quarantine with the name of the kept one. What
neither the file nor the mapping dates counts from the run's clock, unless the lake's newest version says the same.
"""

import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from components.importers.conform import REASON
from components.importers.ingest import IngestReport, ingest
from components.importers.mapped.mapped_values import Findings
from components.importers.mapped.mapping import Mapping, read_mapping
from components.importers.mapped.names import content_names, folded
from components.importers.mapped.pieces import ROW, SOUND, Spill, mapped_pieces, shortened, sound, with_reasons
from components.importers.mapped.repeats import SAME, repeated_names
from components.importers.mapped.said import Namer, names_held, said_of
from metier.contract import CLOCK_COLUMNS, FREELANCERS, TEXT, TEXT_LIST, TIMESTAMP, Table
from metier.lake import Lake

NO_TEXT = "person has neither title, overview nor skills"
_CLOCKS = [column.name for column in CLOCK_COLUMNS]


def import_people(lake: Lake, path: Path, mapping: Path, clock: datetime) -> IngestReport:
    """People of `path` into the lake."""
    return shortened(ingest(lake, read_versions(path, read_mapping(mapping, "freelancers"), clock, lake), clock))


def import_clients(lake: Lake, path: Path, mapping: Path, clock: datetime) -> IngestReport:
    """Clients of `path` into the lake."""
    return shortened(ingest(lake, read_versions(path, read_mapping(mapping, "clients"), clock, lake), clock))


def read_versions(path: Path, mapping: Mapping, clock: datetime, lake: Lake) -> Iterator[tuple[str, str, pa.Table]]:
    """(table name, source, rows) of a file of people or clients, to be conformed and ingested."""
    table = mapping.table
    with tempfile.TemporaryDirectory(prefix="metier-people-") as folder, names_held(lake, table) as held:
        spill, findings, names = Spill(Path(folder)), Findings(), Namer(held)
        for rows in mapped_pieces(path, mapping, findings):
            dated = _dated(_named(_with_reasons(rows, table), table, names), table, clock, lake)
            content = _content(dated, table, _CLOCKS[1:]) | said_of(dated, table.schema.names)
            marked = dated.append_column(SAME, content_names(content))
            spill.add(marked.append_column(SOUND, sound(table.name, dated, clock, path.name)))
        reasons = repeated_names(spill, table, unnamed=False)
        for number, rows in enumerate(spill.pieces()):
            marked = with_reasons(rows, reasons, (ROW, SOUND, SAME))
            yield table.name, path.name, findings.marked(marked, counts=number == 0)


def _with_reasons(rows: pa.Table, table: Table) -> pa.Table:
    """The rows, those of people of whom nothing is said marked: a line of totals is nobody."""
    if table is not FREELANCERS:
        return rows
    says = [pc.not_equal(rows["title"], ""), pc.not_equal(rows["overview"], "")]
    says.append(pc.greater(pc.list_value_length(rows["skills"]), 0))
    silent = pc.invert(pc.or_(pc.or_(*says[:2]), says[2]))
    reasons = pc.if_else(silent, NO_TEXT, pa.scalar(None, TEXT))  # null where the row was not read
    if REASON in rows.column_names:
        reasons = pc.coalesce(rows[REASON], reasons)
        rows = rows.drop_columns([REASON])
    return rows.append_column(REASON, reasons)


def _named(rows: pa.Table, table: Table, names: Namer) -> pa.Table:
    """The rows with ids: of those that have none of their own, by all that they say."""
    name = table.key[0]
    if name in rows.column_names:
        return rows
    columns = _content(rows, table, _CLOCKS)
    told = {column: folded(v) if v.type in (TEXT, TEXT_LIST) else v for column, v in columns.items()}
    refused = said_of(rows, [column for column in table.schema.names if column not in _CLOCKS])
    return rows.append_column(name, names.names(content_names(told, "person-"), refused))


def _dated(rows: pa.Table, table: Table, clock: datetime, lake: Lake) -> pa.Table:
    """The rows with a moment each."""
    if not rows["event_timestamp"].null_count:
        return rows
    key = table.key[0]
    with lake.connect() as connection:
        connection.register("incoming", rows.select([key]))
        newest = connection.sql(
            f"FROM {table.name} SEMI JOIN incoming USING ({key}) "
            f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY event_timestamp DESC, recorded_at DESC) = 1"
        ).to_arrow_table()
    newest = newest.cast(table.schema)
    held, found = content_names(_content(newest, table, _CLOCKS)), content_names(_content(rows, table, _CLOCKS))
    at, undated = pc.index_in(found, value_set=held), pc.is_null(rows["event_timestamp"])
    happened, recorded = (newest[name].cast(TIMESTAMP).take(at) for name in _CLOCKS)
    said = rows["recorded_at"] if "recorded_at" in rows.column_names else pa.nulls(rows.num_rows, TIMESTAMP)
    clocks = (
        pc.if_else(undated, pc.coalesce(happened, pa.scalar(clock, TIMESTAMP)), rows["event_timestamp"]),
        pc.if_else(undated, pc.coalesce(recorded, said), said),
    )
    rows = rows.drop_columns([name for name in _CLOCKS if name in rows.column_names])
    for name, moments in zip(_CLOCKS, clocks, strict=True):
        rows = rows.append_column(name, moments)
    return rows


def _content(rows: pa.Table, table: Table, left_out: list[str]) -> dict[str, pa.ChunkedArray]:
    """The contract's columns as far as the rows have them."""
    names = [column.name for column in table.columns if column.name not in left_out]
    return {name: rows[name] for name in names if name in rows.column_names}
