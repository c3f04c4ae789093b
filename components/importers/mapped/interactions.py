"""Any log of what people did about jobs, by a declared mapping: a row is an act.

An act without an id is named by its content, so that equal rows are one. Who acted follows from the kind where the log
does not say. The file comes piece by piece: two of them are in memory.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from components.importers.ingest import IngestReport, ingest
from components.importers.mapped.mapped_values import Findings
from components.importers.mapped.mapping import Mapping, read_mapping
from components.importers.mapped.names import content_names
from components.importers.mapped.pieces import ROW, mapped_pieces
from components.importers.mapped.said import Namer, names_held, said_of, without_said
from metier.contract import INTERACTIONS, TEXT
from metier.lake import Lake

LOOKS = ("click", "save", "dismiss")
"""What either side does: the freelancer about a job, the client where the act names none."""
BY_FREELANCERS, BY_CLIENTS = (*LOOKS, "apply"), ("invite", "hire", "pay")
"""Kinds whose side is known; those of the others has to be told."""


def import_interactions(lake: Lake, path: Path, mapping: Path, clock: datetime, corrects: bool = False) -> IngestReport:
    """Interactions of `path` into the lake; `corrects` as for ingest."""
    with names_held(lake, INTERACTIONS) as held:
        acts = read_interactions(path, read_mapping(mapping, "interactions"), Namer(held))
        return ingest(lake, acts, clock, corrects)


def read_interactions(path: Path, mapping: Mapping, namer: Namer) -> Iterator[tuple[str, str, pa.Table]]:
    """(table name, source, rows), to be conformed and ingested; `namer` names those without an id."""
    findings = Findings()
    waiting: pa.Table | None = None  # so that the last one carries the counts of all
    for rows in mapped_pieces(path, mapping, findings):
        if waiting is not None:
            yield INTERACTIONS.name, path.name, findings.marked(waiting, counts=False)
        waiting = without_said(_named(_with_side(rows.drop_columns([ROW])), namer))
    assert waiting is not None  # noqa: S101 - a file is one piece at least
    yield INTERACTIONS.name, path.name, findings.marked(waiting)


def _with_side(rows: pa.Table) -> pa.Table:
    """The rows with who acted, as the log says or the kind has it."""
    kinds, client, freelancer = rows["kind"], pa.scalar("client"), pa.scalar("freelancer")
    sides = pc.if_else(pc.is_in(kinds, value_set=pa.array(BY_FREELANCERS)), freelancer, pa.scalar(None, TEXT))
    sides = pc.if_else(pc.is_in(kinds, value_set=pa.array(BY_CLIENTS)), client, sides)
    looks = pc.is_in(kinds, value_set=pa.array(LOOKS))
    names_no_job = pc.is_null(rows["job_id"]) if "job_id" in rows.column_names else pa.scalar(True)
    sides = pc.if_else(pc.and_(looks, names_no_job), client, sides)
    if "side" not in rows.column_names:
        return rows.append_column("side", sides)
    position = rows.schema.get_field_index("side")
    return rows.set_column(position, "side", pc.coalesce(rows["side"], sides))


def _named(rows: pa.Table, namer: Namer) -> pa.Table:
    """The rows with ids: the day, which keeps neighbours together in the lake, and a hash of all that an act says."""
    if "interaction_id" in rows.column_names:
        return rows
    content = {c.name: rows[c.name] for c in INTERACTIONS.columns if c.name in rows.column_names}
    days = pc.strftime(rows["event_timestamp"], "%Y%m%d")
    names = pc.binary_join_element_wise("act", days, content_names(content), "-").combine_chunks()
    return rows.append_column("interaction_id", namer.names(names, said_of(rows, INTERACTIONS.schema.names)))
