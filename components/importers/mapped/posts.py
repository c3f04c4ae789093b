"""Any CSV of job posts into jobs and clients, by a declared mapping: clean, without personal data, each post once.

A post that says nearly the same as an earlier one of the same client, company and place goes to quarantine with the
name of the kept one. Knows posts as a whole; how a column is read is its rule's, what a row must look like conform's.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from components.importers.conform import LINE, NOTE, REASON, TEXTS, conform
from components.importers.files.file_format import FileFormat
from components.importers.files.opening import read_rows
from components.importers.ingest import IngestReport, TableReport, ingest
from components.importers.mapped.mapped_values import Findings, identity, values
from components.importers.mapped.mapping import Mapping, Rule, read_mapping
from components.importers.mapped.near_duplicates import Text, near_duplicates
from metier.contract import CLIENTS, JOBS, TEXT
from metier.errors import ContractError
from metier.lake import Lake

NO_TEXT = "post has neither title nor description"
REPEATS = "repeats the text of job"
NEAR = "near-duplicate of job"
NAMED_IN_QUARANTINE = r"\1 that its row in quarantine names"
UNREAD = "unread rows"
POSITION = "metier.position"
_SAME_PLACE = ("client_id", "company", "country", "region", "city")

Columns = dict[str, list[Any]]


def import_posts(lake: Lake, path: Path, mapping: Path, clock: datetime) -> IngestReport:
    """Posts of `path` into the lake; the report counts near-duplicates in one line, the quarantine names each."""
    report = ingest(lake, read_posts(path, read_mapping(mapping), clock), clock)
    return IngestReport({name: _shortened(table) for name, table in report.tables.items()})


def read_posts(path: Path, mapping: Mapping, clock: datetime | None = None) -> Iterator[tuple[str, str, pa.Table]]:
    """(table name, source, rows) for clients and jobs, to be conformed and ingested; `clock` as for ingest."""
    rows_read = read_rows(path, FileFormat(delimiter=mapping.delimiter))
    _require_sources(rows_read, path, mapping)
    rows, unread = _split(rows_read)
    findings = Findings()
    jobs = _jobs(rows, mapping, findings)
    lines = [findings.mask(UNREAD, rows.num_rows + row, line) for row, (_, line) in enumerate(unread)]
    reasons = [
        None if title or text else NO_TEXT for title, text in zip(jobs["title"], jobs["description"], strict=True)
    ]
    sound = _sound(_table(jobs, reasons, [], []), clock or datetime.now(UTC), path.name)
    for position, reason in _repeats(jobs, sound, mapping).items():
        reasons[position] = reason
    clients = _clients(rows, jobs, [row for row in sound if reasons[row] is None], mapping, findings)
    if clients.num_rows:
        yield "clients", path.name, clients
    table = _table(jobs, reasons, [reason for reason, _ in unread], lines)
    metadata = {TEXTS: json.dumps(asdict(findings.counts())).encode()}
    if note := findings.note():
        metadata[NOTE] = note.encode()
    yield "jobs", path.name, table.replace_schema_metadata(metadata)


def _require_sources(rows_read: pa.Table, path: Path, mapping: Mapping) -> None:
    sources = [("job_id", mapping.id)]
    sources += [(rule.column.name, rule.source) for rule in (*mapping.jobs.values(), *mapping.clients.values())]
    for column, source in sources:
        if source is not None and source not in rows_read.column_names:
            present = ", ".join(name for name in rows_read.column_names if name not in (REASON, LINE))
            raise ContractError(
                f"{path} has no column {source!r}, from which {mapping.path} takes {column}; its columns are: {present}"
            )


def _split(rows_read: pa.Table) -> tuple[pa.Table, list[tuple[str, str]]]:
    """The rows that could be read, and (reason, text) of the others."""
    if REASON not in rows_read.column_names:
        return rows_read, []
    broken = rows_read.filter(pc.is_valid(rows_read[REASON])).to_pylist()
    unread = [(row.pop(REASON), row.pop(LINE, None) or json.dumps(row, ensure_ascii=False)) for row in broken]
    return rows_read.filter(pc.is_null(rows_read[REASON])), unread


def _jobs(rows: pa.Table, mapping: Mapping, findings: Findings) -> Columns:
    jobs = _mapped(mapping.jobs, rows, mapping, findings)
    if mapping.id is None:
        jobs["job_id"] = [_text_id(*texts) for texts in zip(jobs["title"], jobs["description"], strict=True)]
    else:
        rows_read = rows[mapping.id].to_pylist()
        jobs["job_id"] = [identity(text, "job_id", row, findings) for row, text in enumerate(rows_read)]
    if "event_timestamp" not in jobs:
        posted = jobs.get("posted_at", [None] * rows.num_rows)
        jobs["event_timestamp"] = [moment or mapping.clock for moment in posted]
    return jobs


def _mapped(rules: dict[str, Rule], rows: pa.Table, mapping: Mapping, findings: Findings) -> Columns:
    return {
        name: [rule.constant] * rows.num_rows
        if rule.source is None
        else values(rule, rows[rule.source].to_pylist(), mapping.clock, findings)
        for name, rule in rules.items()
    }


def _text_id(title: str, description: str) -> str:
    return f"post-{sha256(json.dumps([title, description]).encode()).hexdigest()[:24]}"


def _table(jobs: Columns, reasons: Sequence[str | None], unread: Sequence[str], lines: Sequence[str]) -> pa.Table:
    """The posts, and below them the rows that could not be read; an integer may still be text."""
    arrays = {
        name: pa.array([*column, *[None] * len(unread)], TEXT if _is_text(column) else JOBS.column(name).type)
        for name, column in jobs.items()
    }
    marks = {REASON: pa.array([*reasons, *unread], TEXT)}
    return pa.table(arrays | marks | ({LINE: pa.array([*[None] * len(reasons), *lines], TEXT)} if unread else {}))


def _is_text(column: list[Any]) -> bool:
    return any(isinstance(value, str) for value in column)


def _sound(jobs: pa.Table, clock: datetime, source: str) -> list[int]:
    """Positions of the posts that keep the contract: none other may stand for a near-duplicate."""
    if not jobs.num_rows:
        return []
    positions = range(jobs.num_rows)
    rejected = conform("jobs", jobs.append_column(POSITION, pa.array(positions)), clock, source).rejected
    bad = set(rejected[POSITION].to_pylist())
    return [position for position in positions if position not in bad]


def _repeats(jobs: Columns, sound: Sequence[int], mapping: Mapping) -> dict[int, str]:
    """The reason of each sound post that says what an earlier one says."""
    reasons = _repeated_ids(jobs, sound) if mapping.id is None else {}
    compared = [row for row in sound if row not in reasons]
    contents = [f"{jobs['title'][row]}\n{jobs['description'][row]}" for row in compared]
    location = [jobs[name] for name in _SAME_PLACE if name in jobs]
    blocks = [tuple(str(column[row] or "").casefold() for column in location) for row in compared]
    texts = [
        Text(words, jobs["job_id"][row], block) for words, row, block in zip(contents, compared, blocks, strict=True)
    ]
    for position, twin in near_duplicates(texts).items():
        name = texts[twin.kept].owner
        is_equal = contents[position] == contents[twin.kept]
        reasons[compared[position]] = (
            f"{REPEATS} {name}" if is_equal else f"{NEAR} {name} (similarity {twin.similarity:.2f})"
        )
    return reasons


def _repeated_ids(jobs: Columns, sound: Sequence[int]) -> dict[int, str]:
    """Where the text is the id: posts of a text that came before, unless they are equal in all."""
    first: dict[str, int] = {}
    reasons = {}
    for row in sound:
        name = jobs["job_id"][row]
        earlier = first.setdefault(name, row)
        if any(column[row] != column[earlier] for column in jobs.values()):
            reasons[row] = f"{REPEATS} {name}"
    return reasons


def _clients(rows: pa.Table, jobs: Columns, kept: Sequence[int], mapping: Mapping, findings: Findings) -> pa.Table:
    """One active client of each client_id, since its first post, with the first known value of each column."""
    columns = _mapped(mapping.clients, rows, mapping, findings)
    clients: dict[str, dict[str, Any]] = {}
    named = [row for row in kept if "client_id" in jobs and jobs["client_id"][row] is not None]
    for row in sorted(named, key=lambda row: jobs["event_timestamp"][row]):
        name, since = jobs["client_id"][row], jobs["event_timestamp"][row]
        new = {"client_id": name, "status": "active", "event_timestamp": since, "recorded_at": since}
        client = clients.setdefault(name, new)
        for column, column_values in columns.items():
            if client.get(column) is None:
                client[column] = column_values[row]
    return pa.Table.from_pylist(list(clients.values()), CLIENTS.schema)


def _shortened(table: TableReport) -> TableReport:
    """The report with one reason for all near-duplicates."""
    reasons: dict[str, int] = {}
    for reason, number in table.reasons.items():
        short = re.sub(f"^({REPEATS}|{NEAR}) .*", NAMED_IN_QUARANTINE, reason)
        reasons[short] = reasons.get(short, 0) + number
    return replace(table, reasons=reasons)
