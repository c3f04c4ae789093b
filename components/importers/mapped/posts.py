"""Any file of job posts into jobs and clients, by a declared mapping: clean, without personal data, each post once.

A post that says nearly the same as an earlier one of the same client, company, place and title goes to quarantine with
the name of the kept one. The file is read once, in pieces that wait on the disk; in memory are one of them, some 30
bytes a row, the reasons of those set aside, and the posts of one client, company, place and title.
"""

import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from components.importers.conform import REASON
from components.importers.ingest import IngestReport, ingest
from components.importers.mapped.mapped_values import Findings
from components.importers.mapped.mapping import Mapping, read_mapping
from components.importers.mapped.pieces import (
    CLIENT,
    ROW,
    SOUND,
    Spill,
    mapped_pieces,
    shortened,
    sound,
    with_reasons,
)  # fmt: skip
from components.importers.mapped.repeats import (
    BLOCK,
    PAY,
    PLACE,
    SAME,
    post_names,
    refused_of_posts,
    repeated_names,
    repeated_posts,
    with_marks,
)  # fmt: skip
from components.importers.mapped.said import OF_REFUSED, Namer
from metier.contract import CLIENTS, JOBS, TEXT
from metier.lake import Lake

NO_TEXT = "post has neither title nor description"
_MARKS = (ROW, SOUND, SAME, BLOCK)
_ROWS_A_BATCH = 10_000


def import_posts(lake: Lake, path: Path, mapping: Path, clock: datetime) -> IngestReport:
    """Posts of `path` into the lake; the report counts near-duplicates in one line, the quarantine names each."""
    return shortened(ingest(lake, read_posts(path, read_mapping(mapping), clock, lake), clock))


def read_posts(
    path: Path, mapping: Mapping, clock: datetime | None = None, lake: Lake | None = None
) -> Iterator[tuple[str, str, pa.Table]]:
    """(table name, source, rows) for clients and jobs, to be conformed and ingested; `clock` as for ingest.

    Posts without an id keep the names that an earlier build gave them in `lake`.
    """
    now = clock or datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="metier-posts-") as folder:
        spill, findings = Spill(Path(folder)), Findings()
        names = _NamesBefore(lake if mapping.id is None else None)
        for rows in mapped_pieces(path, mapping, findings):
            jobs = _marked(rows, mapping, names)
            spill.add(jobs.append_column(SOUND, sound("jobs", jobs, now, path.name)))
        reasons = repeated_names(spill, mapping.table, mapping.id is None)
        reasons |= repeated_posts(spill, list(reasons))
        clients = _clients(spill, list(reasons), mapping)
        if clients.num_rows:
            yield "clients", path.name, clients
        for number, rows in enumerate(spill.pieces()):
            yield "jobs", path.name, findings.marked(with_reasons(rows, reasons, _MARKS), counts=number == 0)


def _marked(rows: pa.Table, mapping: Mapping, names: "_NamesBefore") -> pa.Table:
    """The rows with their job_id, with a reason for those without a text, and with what `repeats` looks at."""
    has_text = pc.or_kleene(pc.not_equal(rows["title"], ""), pc.not_equal(rows["description"], ""))
    reasons = pc.if_else(pc.invert(has_text), NO_TEXT, pa.scalar(None, TEXT))  # null where the row was not read
    if REASON in rows.column_names:
        reasons = pc.coalesce(rows[REASON], reasons)
        rows = rows.drop_columns([REASON])
    if mapping.id is None:
        rows = rows.append_column("job_id", pc.if_else(pc.is_valid(has_text), names.of(rows), pa.scalar(None, TEXT)))
    return with_marks(rows.append_column(REASON, reasons))


def _clients(spill: Spill, set_aside: Sequence[int], mapping: Mapping) -> pa.Table:
    """One active client of each client_id, since its first post, with the first known value of each column."""
    if "client_id" not in mapping.rules:
        return CLIENTS.schema.empty_table()
    first_known = "first({0} ORDER BY event_timestamp, {1}) FILTER (WHERE {0} IS NOT NULL) AS {2}"
    columns = [first_known.format(f"{CLIENT}{name}", ROW, name) for name in mapping.clients]
    query = f"""
        SELECT {", ".join(["client_id", *columns])}, min(event_timestamp) AS event_timestamp
        FROM spilled ANTI JOIN gone USING ({ROW}) WHERE {SOUND} AND client_id IS NOT NULL
        GROUP BY client_id ORDER BY event_timestamp, min({ROW})
    """
    with spill.connect() as connection:
        connection.register("gone", pa.table({ROW: pa.array(set_aside, pa.int64())}))
        clients = connection.sql(query).to_arrow_table()
    clients = clients.append_column("status", pa.array(["active"] * clients.num_rows, TEXT))
    clients = clients.append_column("recorded_at", clients["event_timestamp"])
    absent = [column for column in CLIENTS.columns if column.name not in clients.column_names]
    for column in absent:
        clients = clients.append_column(column.name, pa.nulls(clients.num_rows, column.type))
    return clients.select(CLIENTS.schema.names).cast(CLIENTS.schema)


class _NamesBefore:
    """Names that an earlier build gave to unnamed posts of the lake, by which it knows them again."""

    def __init__(self, lake: Lake | None) -> None:
        new, held, all_held = [pa.array([], TEXT)], [pa.array([], TEXT)], pa.array([], TEXT)
        if lake is not None:
            columns = ", ".join(("job_id", *PLACE, "title", "description", "skills", "experience_level", *PAY))
            unnamed = f"starts_with(job_id, 'post-') AND NOT regexp_matches(job_id, '{OF_REFUSED}')"
            with lake.connect() as connection:
                ids = connection.sql("SELECT DISTINCT job_id FROM jobs WHERE starts_with(job_id, 'post-')")
                all_held = ids.to_arrow_table()["job_id"].cast(TEXT).combine_chunks()
                posts = connection.sql(f"SELECT {columns} FROM jobs WHERE {unnamed}")
                for batch in posts.to_arrow_reader(_ROWS_A_BATCH):
                    rows = pa.Table.from_batches([batch])
                    rows = rows.cast(pa.schema([JOBS.schema.field(name) for name in rows.column_names]))
                    names, given = post_names(rows), rows["job_id"].combine_chunks()
                    other = pc.not_equal(names, given)
                    new.append(names.filter(other))
                    held.append(given.filter(other))
        self._new, self._held = pa.concat_arrays(new), pa.concat_arrays(held)
        self._namer = Namer(lambda names: pc.is_in(names, value_set=all_held))

    def of(self, rows: pa.Table) -> pa.Array:
        """The names of the rows: the lake's where it knows them."""
        names = post_names(rows)
        if len(self._new):
            names = pc.coalesce(self._held.take(pc.index_in(names, value_set=self._new)), names)
        return self._namer.names(names, refused_of_posts(rows))
