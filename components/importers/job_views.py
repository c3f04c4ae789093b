"""Import the public job-views data: Job_Views.csv, and Experience.csv and Positions_Of_Interest.csv where present.

Applicants of any file become freelancers, viewed jobs become jobs, views become organic clicks. Columns may come in
any order, with others among them; "NA", "NULL" and empty cells are missing values.

What the data does not say is not made up: there are no posting dates, so posted_at is null and every job is open from
a second before the first view in the data on; no country, no client, no skills of a job. A freelancer is visible from
a second before the earlier of the first entry in the profile (Created.At, which may be later than the applicant's
views) and the first view, with what had been entered by then; later entries make later versions. Equal rows of
Job_Views.csv are one view: they have one interaction_id, and the lake counts the others as duplicates.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from components.importers.applicants import Experience, Interest, profiles
from components.importers.conform import LINE, NOTE, REASON
from components.importers.files.file_format import FileFormat
from components.importers.files.opening import read_rows
from components.importers.values.pages import html_text
from components.importers.values.reading import Reading, read_column
from metier.contract import FREELANCERS, INTERACTIONS, JOBS, TEXT
from metier.errors import ContractError, SettingsError

VIEWS, EXPERIENCE, INTERESTS = "Job_Views.csv", "Experience.csv", "Positions_Of_Interest.csv"
MISSING = frozenset({"", "NA", "NULL"})
BEFORE = timedelta(seconds=1)
"""What an act is about was there before the act."""
ALWAYS_OPEN = (
    "the data holds no posting dates: posted_at is null and every job counts as always open, "
    "so no count, recency or popularity of a job may be a feature"
)
VIEW_IDENTITY = ("Applicant.ID", "Job.ID", "View.Start", "View.End", "View.Duration", "Created.At")

Row = dict[str, str | None]
Times = dict[str, datetime]


def read_job_views(directory: Path) -> Iterator[tuple[str, str, pa.Table]]:
    """(table name, source, rows) for freelancers, jobs and interactions, to be conformed and ingested."""
    if not directory.is_dir():
        raise SettingsError(f"{directory} is not a folder; give the folder that holds {VIEWS}")
    if not (directory / VIEWS).exists():
        raise ContractError(f"{directory} holds no {VIEWS}; give the folder of the job-views data")
    views, broken_views = _rows(directory / VIEWS, ("Applicant.ID", "Job.ID", "View.Start"))
    history, broken_history = _rows(directory / EXPERIENCE, ("Applicant.ID", "Position.Name"))
    cleaned = _without_html(history)
    interests, broken_interests = _rows(directory / INTERESTS, ("Applicant.ID", "Position.Of.Interest"))
    at = _times((*views, *history, *interests))
    folder = directory.resolve().name
    people = _freelancers(views, history, interests, at)
    yield "freelancers", f"{folder}/{EXPERIENCE}", people.replace_schema_metadata({NOTE: cleaned.encode()})
    yield "jobs", f"{folder}/{VIEWS}", _jobs(views, at)
    yield "interactions", f"{folder}/{VIEWS}", _clicks(views, at)
    anonymous = [(EXPERIENCE, history), (INTERESTS, interests)]
    broken = [("freelancers", EXPERIENCE, broken_history), ("freelancers", INTERESTS, broken_interests)]
    broken += [("freelancers", name, _without_applicant(rows)) for name, rows in anonymous]
    for name, file, rows in (*broken, ("interactions", VIEWS, broken_views)):
        if rows.num_rows:
            yield name, f"{folder}/{file}", rows


def _rows(path: Path, needed: Sequence[str]) -> tuple[list[Row], pa.Table]:
    """The file's rows with missing values as None, and those that could not be read, marked; none without the file."""
    if not path.exists():
        return [], _marked([], [])
    table = read_rows(path, FileFormat())
    for column in needed:
        if column not in table.column_names:
            raise ContractError(f"{path} lacks column {column} (text); add it or rename the column that holds it")
    if REASON not in table.column_names:
        return [_cleaned(row) for row in table.to_pylist()], _marked([], [])
    unread = table.filter(pc.is_valid(table[REASON]))
    rows = table.filter(pc.is_null(table[REASON])).drop_columns([REASON])
    texts = [row.pop(LINE, None) or _text(row) for row in unread.drop_columns([REASON]).to_pylist()]
    return [_cleaned(row) for row in rows.to_pylist()], _marked(unread[REASON].to_pylist(), texts)


def _without_html(history: Sequence[Row]) -> str:
    """Make the descriptions of work plain, and say how many that changed."""
    changed = 0
    for row in history:
        if description := row.get("Job.Description"):
            row["Job.Description"] = html_text(description)
            changed += row["Job.Description"] != description
    return f"{changed:,} of {len(history):,} entries in {EXPERIENCE} had HTML or untidy text in Job.Description"


def _without_applicant(rows: Sequence[Row]) -> pa.Table:
    texts = [_text(row) for row in rows if not row["Applicant.ID"]]
    return _marked(["Applicant.ID is missing"] * len(texts), texts)


def _marked(reasons: list[str], texts: list[str]) -> pa.Table:
    """Rows for quarantine alone: every column that either table requires, empty, with reason and text."""
    required = {c.name: pa.nulls(len(texts), c.type) for t in (FREELANCERS, INTERACTIONS) for c in t.columns}
    return pa.table({**required, REASON: pa.array(reasons, TEXT), LINE: pa.array(texts, TEXT)})


def _text(row: Row) -> str:
    return json.dumps(row, ensure_ascii=False)


def _cleaned(row: Row) -> Row:
    stripped = {column: (value or "").strip() for column, value in row.items()}
    return {column: None if value in MISSING else value for column, value in stripped.items()}


def _times(rows: Sequence[Row]) -> Times:
    """Every timestamp text of the rows that can be read, as a time."""
    texts = sorted({text for row in rows for name in ("View.Start", "Created.At") if (text := row.get(name))})
    cells = pa.chunked_array([pa.array(texts, TEXT)])
    times = read_column(cells, JOBS.column("posted_at"), Reading()).values.to_pylist()
    return {text: time for text, time in zip(texts, times, strict=True) if time}


def _started(view: Row, at: Times) -> str | None:
    """When the view began, as the data spells it: Created.At where View.Start cannot be read."""
    start, created = view["View.Start"], view.get("Created.At")
    return created if start not in at and created in at else start


def _freelancers(views: Sequence[Row], history: Sequence[Row], interests: Sequence[Row], at: Times) -> pa.Table:
    jobs: dict[str, list[Experience]] = defaultdict(list)
    needed: dict[str, list[Interest]] = defaultdict(list)
    moments_of: dict[str, list[datetime]] = defaultdict(list)
    for row in (*views, *history, *interests):
        if applicant := row["Applicant.ID"]:
            moment = _started(row, at) if "View.Start" in row else row.get("Created.At")
            moments_of[applicant] += [at[moment]] if moment in at else []
    for row in history:
        if applicant := row["Applicant.ID"]:
            jobs[applicant].append(_experience(row, at))
    for row in interests:
        position = row["Position.Of.Interest"]
        if (applicant := row["Applicant.ID"]) and position:
            needed[applicant].append(Interest(position, at.get(row.get("Created.At") or "")))
    earliest = min(at.values(), default=None)
    rows = [
        row
        for applicant, moments in moments_of.items()
        for row in _versions(applicant, jobs[applicant], needed[applicant], min(moments, default=earliest))
    ]
    return pa.Table.from_pylist(rows, FREELANCERS.schema)


def _experience(row: Row, at: Times) -> Experience:
    return Experience(
        position=row["Position.Name"],
        employer=row.get("Employer.Name"),
        city=row.get("City"),
        region=row.get("State.Name"),
        start=_day(row.get("Start.Date")),
        end=_day(row.get("End.Date")),
        description=row.get("Job.Description"),
        entered=at.get(row.get("Created.At") or ""),
    )


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return None


def _versions(
    applicant: str, history: Sequence[Experience], interests: Sequence[Interest], first_seen: datetime | None
) -> Iterator[dict[str, object]]:
    if first_seen is None:
        return
    for moment, profile in profiles(history, interests, first_seen):
        visible = moment - BEFORE if moment == first_seen else moment
        yield {
            "freelancer_id": applicant,
            "title": profile.title,
            "overview": profile.overview,
            "skills": list(profile.skills),
            "region": profile.region,
            "city": profile.city,
            "status": "listed",
            "joined_at": first_seen,
            "event_timestamp": visible,
            "recorded_at": visible,
        }


def _jobs(views: Sequence[Row], at: Times) -> pa.Table:
    """One version of each viewed job, with the first known value of each column in order of time."""
    starts = [at[start] for view in views if (start := _started(view, at)) in at]
    opened = min(starts) - BEFORE if starts else None
    values_of: dict[str, dict[str, str]] = defaultdict(dict)
    for view in sorted(views, key=lambda view: str(at.get(_started(view, at) or ""))):
        if view["Job.ID"]:
            values = {"title": _title(view), "description": view.get("Title"), "company": view.get("Company")}
            values |= {"industry": view.get("Industry"), "region": view.get("State.Name"), "city": view.get("City")}
            for column, value in values.items():
                if value:
                    values_of[view["Job.ID"]].setdefault(column, value)
    fixed = {"skills": [], "openings": 1, "visibility": "public", "status": "open"}
    clock = {"event_timestamp": opened, "recorded_at": opened}
    rows = [
        {"title": "", "description": job.get("title", ""), **job, "job_id": job_id, **fixed, **clock}
        for job_id, job in values_of.items()
    ]
    return pa.Table.from_pylist(rows, JOBS.schema.with_metadata({NOTE: ALWAYS_OPEN.encode()}))


def _title(view: Row) -> str | None:
    """The position; without one, the title less the '@ company' at its end."""
    title, company = view.get("Title"), view.get("Company")
    return view.get("Position") or (title.removesuffix(f"@ {company}").strip() if title else None)


def _clicks(views: Sequence[Row], at: Times) -> pa.Table:
    """One organic click a view, its times and dwell still as text; recorded when it began or was created, if later."""
    rows = []
    for view in views:
        start, created = _started(view, at), view.get("Created.At")
        late = start in at and created in at and at[created] > at[start]
        rows.append(
            {
                "interaction_id": _identity(view),
                "kind": "click",
                "side": "freelancer",
                "freelancer_id": view["Applicant.ID"],
                "job_id": view["Job.ID"],
                "dwell_seconds": view.get("View.Duration"),
                "event_timestamp": start,
                "recorded_at": created if late else start,
            }
        )
    columns = ("interaction_id", "kind", "side", "freelancer_id", "job_id", "dwell_seconds")
    return pa.Table.from_pylist(
        rows, pa.schema([(name, TEXT) for name in (*columns, "event_timestamp", "recorded_at")])
    )


def _identity(view: Row) -> str:
    content = json.dumps([view.get(name) for name in VIEW_IDENTITY])
    return f"view-{hashlib.sha256(content.encode()).hexdigest()[:24]}"
