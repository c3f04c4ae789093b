"""The data contract: six event tables as typed Arrow schemas, relevance grades, surfaces.

Everything else imports these; nothing here reads or writes data.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args

import pyarrow as pa

from metier.errors import UnknownNameError

CONTRACT_VERSION = 2
"""2: jobs have salary_min_usd and salary_max_usd."""
VERSION_KEY = b"metier.contract_version"

FUTURE_BY = timedelta(minutes=5)
"""How far the clock of whoever sends a row may run ahead."""
TIMESTAMP = pa.timestamp("us", tz="UTC")
TEXT = pa.string()
TEXT_LIST = pa.list_(pa.string())
NUMBER = pa.float64()
INTEGER = pa.int64()
BOOLEAN = pa.bool_()

Surface = Literal["talent_search", "job_feed", "applicant_review"]
Side = Literal["client", "freelancer"]
"""Who acts: the side of an interaction."""
Kind = Literal["click", "save", "dismiss", "apply", "invite", "accept", "decline", "hire", "end", "pay", "rate"]
"""What one side did about the other; `end`, `pay` and `rate` are of a contract that a hire began."""
Placement = Literal["organic", "promoted", "exploration"]
"""Why a candidate was shown at its rank."""
Level = Literal["entry", "intermediate", "expert"]
"""Experience of a freelancer, or that a job asks for."""
BudgetKind = Literal["hourly", "fixed"]
Visibility = Literal["public", "invite_only"]
JobStatus = Literal["open", "paused", "filled", "closed", "removed"]
FreelancerStatus = Literal["listed", "unavailable", "private", "suspended"]
ClientStatus = Literal["active", "suspended"]

SURFACES: tuple[Surface, ...] = get_args(Surface)
SIDES: tuple[Side, ...] = get_args(Side)
KINDS: tuple[Kind, ...] = get_args(Kind)
PLACEMENTS: tuple[Placement, ...] = get_args(Placement)
LEVELS: tuple[Level, ...] = get_args(Level)
BUDGET_KINDS: tuple[BudgetKind, ...] = get_args(BudgetKind)
VISIBILITIES: tuple[Visibility, ...] = get_args(Visibility)
JOB_STATUSES: tuple[JobStatus, ...] = get_args(JobStatus)
FREELANCER_STATUSES: tuple[FreelancerStatus, ...] = get_args(FreelancerStatus)
CLIENT_STATUSES: tuple[ClientStatus, ...] = get_args(ClientStatus)

RELEVANCE = {"click": 1, "save": 1, "apply": 2, "invite": 2, "accept": 3, "hire": 4}
ATTRIBUTION_DAYS = {"click": 1, "save": 1, "apply": 3, "invite": 3, "accept": 7, "hire": 30}
"""Days within which an outcome credits an impression; its head is mature once it could have been recorded too."""


@dataclass(frozen=True)
class Column:
    """One column: its Arrow type, whether a value is required, and which values are allowed."""

    name: str
    type: pa.DataType
    required: bool = True
    allowed: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    default: object = None


@dataclass(frozen=True)
class Table:
    """One event table. `key` identifies a row; `references` maps columns to the table they point at."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    references: dict[str, str] = field(default_factory=dict)

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema, carrying the contract's version in its metadata."""
        fields = [pa.field(c.name, c.type, nullable=not c.required) for c in self.columns]
        return pa.schema(fields, metadata={VERSION_KEY: str(CONTRACT_VERSION).encode()})

    def column(self, name: str) -> Column:
        """The column called `name`."""
        return next(c for c in self.columns if c.name == name)


def _maybe(name: str, kind: pa.DataType, **limits: object) -> Column:
    return Column(name, kind, required=False, **limits)  # type: ignore[arg-type]


ANONYMOUS = "anonymous:"
"""Begins the actor_id of a query that was asked without an account; its session or its own id follows."""

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""No market, and no public log of one, is older: an event before it has a wrong clock or unit, and no door takes it."""

CLOCK_COLUMNS = (Column("event_timestamp", TIMESTAMP), Column("recorded_at", TIMESTAMP))


def _table(name: str, key: tuple[str, ...], *columns: Column, references: dict[str, str] | None = None) -> Table:
    return Table(name, key, (*columns, *CLOCK_COLUMNS), references or {})


FREELANCERS = _table(
    "freelancers",
    ("freelancer_id", "event_timestamp", "recorded_at"),
    Column("freelancer_id", TEXT),
    Column("title", TEXT),
    Column("overview", TEXT),
    Column("skills", TEXT_LIST),
    _maybe("category", TEXT),
    _maybe("country", TEXT),
    _maybe("region", TEXT),
    _maybe("city", TEXT),
    _maybe("languages", TEXT_LIST),
    _maybe("hourly_rate_usd", NUMBER, minimum=0.0, maximum=100_000.0),
    _maybe("experience_level", TEXT, allowed=LEVELS),
    _maybe("hours_per_week", NUMBER, minimum=0.0, maximum=168.0),
    _maybe("agency_id", TEXT),
    Column("status", TEXT, allowed=FREELANCER_STATUSES),
    _maybe("joined_at", TIMESTAMP),
)

CLIENTS = _table(
    "clients",
    ("client_id", "event_timestamp", "recorded_at"),
    Column("client_id", TEXT),
    _maybe("country", TEXT),
    _maybe("payment_verified", BOOLEAN),
    Column("status", TEXT, allowed=CLIENT_STATUSES),
    _maybe("joined_at", TIMESTAMP),
)

JOBS = _table(
    "jobs",
    ("job_id", "event_timestamp", "recorded_at"),
    Column("job_id", TEXT),
    _maybe("client_id", TEXT),
    _maybe("posted_at", TIMESTAMP),
    Column("title", TEXT),
    Column("description", TEXT),
    Column("skills", TEXT_LIST),
    _maybe("category", TEXT),
    _maybe("company", TEXT),
    _maybe("industry", TEXT),
    _maybe("country", TEXT),
    _maybe("region", TEXT),
    _maybe("city", TEXT),
    _maybe("languages", TEXT_LIST),
    _maybe("budget_kind", TEXT, allowed=BUDGET_KINDS),
    _maybe("budget_min_usd", NUMBER, minimum=0.0),
    _maybe("budget_max_usd", NUMBER, minimum=0.0),
    _maybe("salary_min_usd", NUMBER, minimum=0.0),
    _maybe("salary_max_usd", NUMBER, minimum=0.0),
    _maybe("experience_level", TEXT, allowed=LEVELS),
    Column("openings", INTEGER, minimum=1, default=1),
    Column("visibility", TEXT, allowed=VISIBILITIES),
    Column("status", TEXT, allowed=JOB_STATUSES),
    references={"client_id": "clients"},
)

RANGES = {JOBS.name: (("budget_min_usd", "budget_max_usd"), ("salary_min_usd", "salary_max_usd"))}
"""Columns of a table that are the ends of a range, the lower one first."""

QUERIES = _table(
    "queries",
    ("query_id",),
    Column("query_id", TEXT),
    Column("surface", TEXT, allowed=SURFACES),
    Column("actor_id", TEXT),
    _maybe("session_id", TEXT),
    _maybe("job_id", TEXT),
    _maybe("text", TEXT),
    Column("filters", TEXT, default="{}"),
    Column("context", TEXT, default="{}"),
    _maybe("variant", TEXT),
    _maybe("policy", TEXT),
    _maybe("snapshot_version", TEXT),
    _maybe("tier", TEXT),
    _maybe("degraded", TEXT_LIST),
    _maybe("feature_service", TEXT),
    _maybe("feature_schema_hash", TEXT),
    references={"job_id": "jobs"},
)

LEAST_PROPENSITY = 1e-9
"""A propensity is the marginal probability that the policy put this candidate at this rank of this slate: over all that
it may draw for the request, the branch that draws nothing included. It is null where the rank was deterministic. What
was shown had one: zero contradicts the row, and less than this outweighs any log.

A slate counts as randomised where each of its organic rows has a known propensity below 1. Rows of such slates are
weighted by 1 / propensity; `queries.variant` tells the slates that were shuffled from the others of the same policy."""

IMPRESSIONS = _table(
    "impressions",
    ("query_id", "candidate_id"),
    Column("query_id", TEXT),
    Column("candidate_id", TEXT),
    Column("rank", INTEGER, minimum=1),
    Column("placement", TEXT, allowed=PLACEMENTS),
    _maybe("propensity", NUMBER, minimum=LEAST_PROPENSITY, maximum=1.0),
    _maybe("viewed", BOOLEAN),
    _maybe("score", NUMBER),
    _maybe("features", pa.list_(pa.float32())),
    references={"query_id": "queries"},
)

INTERACTIONS = _table(
    "interactions",
    ("interaction_id",),
    Column("interaction_id", TEXT),
    Column("kind", TEXT, allowed=KINDS),
    Column("side", TEXT, allowed=SIDES),
    Column("freelancer_id", TEXT),
    _maybe("job_id", TEXT),
    _maybe("client_id", TEXT),
    _maybe("query_id", TEXT),
    _maybe("value_usd", NUMBER),
    _maybe("rating", NUMBER),
    _maybe("dwell_seconds", NUMBER, minimum=0.0),
    references={"freelancer_id": "freelancers", "job_id": "jobs", "client_id": "clients", "query_id": "queries"},
)

TABLES: dict[str, Table] = {t.name: t for t in (FREELANCERS, CLIENTS, JOBS, QUERIES, IMPRESSIONS, INTERACTIONS)}
ENTITY_TABLES = ("freelancers", "clients", "jobs")
"""Tables whose rows are versions: the newest at or before a moment is what was true then."""


def table(name: str) -> Table:
    """The table called `name`; UnknownNameError when there is none."""
    if name not in TABLES:
        raise UnknownNameError("table", name, tuple(TABLES))
    return TABLES[name]


def surface(name: str) -> Surface:
    """`name` as a Surface; UnknownNameError when it is none."""
    for member in SURFACES:
        if member == name:
            return member
    raise UnknownNameError("surface", name, SURFACES)


def ids_of(name: str) -> list[str]:
    """The columns of the table called `name` that hold ids."""
    return [column.name for column in table(name).columns if column.name.endswith("_id")]
