"""Every stored feature of metier by view: what it is called, what type it has and whose it is.

The only file beside the SQL that names a stored feature: sql/<view>.sql gives a column of each name, the join key and
the two timestamps. A version counts from event_timestamp, the moment at which it became visible to serving.
definitions.py makes Feast's objects of these views; who reads or writes stored values needs none of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import pyarrow as pa

from metier.contract import TIMESTAMP, Surface
from metier.errors import UnknownNameError

LONGEST = 20
"""Candidates that a history lists, and interactions it remembers as counted."""
RECENT = {
    "text_key": "recent_text_keys",
    "city": "recent_cities",
    "region": "recent_regions",
    "company": "recent_companies",
    "industry": "recent_industries",
    "agency": "recent_agencies",
    "category": "recent_categories",
}
"""What a history keeps of each candidate -> the feature that lists it, parallel to recent_ids."""
HISTORY_MARKS: dict[str, dict[str, str]] = {
    "freelancer_history": {name: name for name in ("text_key", "city", "region", "company", "industry", "category")},
    "client_history": {
        **{name: name for name in ("text_key", "city", "region")},
        "agency": "agency_id",
        "category": "category",
    },
}
"""Per history view: what it keeps of a candidate -> the feature of the candidate's profile view."""
HOURS = {"profile": 48, "activity": 48, "history": 48, "text": 168}
"""By kind of view, how old its values may be when they are served, from the moment up to which they were built."""
STRINGS = pa.list_(pa.string())
APPLY = "run `feast -c feature_repo apply`"

Kinds = Mapping[str, pa.DataType]


@dataclass(frozen=True, eq=False)
class View:
    """A table of versions of one entity; a `pushed` one also takes rows between two builds."""

    name: str
    entity: Literal["freelancer", "job", "client"]
    features: Kinds
    description: str
    pushed: bool = False

    @property
    def key(self) -> str:
        """The join key."""
        return f"{self.entity}_id"

    @cached_property
    def columns(self) -> Kinds:
        """Full name of every feature -> its type."""
        return {f"{self.name}__{feature}": kind for feature, kind in self.features.items()}

    @property
    def fresh_within_hours(self) -> int:
        """How old its values may be when they are served."""
        return HOURS[self.name.split("_")[1]]


def view_of(name: str) -> View:
    """The view of this name; UnknownNameError where there is none."""
    if name not in _BY_NAME:
        raise UnknownNameError("feature view", name, tuple(_BY_NAME))
    return _BY_NAME[name]


def feature_service(surface: Surface) -> str:
    """Name of the feature service that ranks a surface."""
    return f"{surface}_v1"


def _counts(*names: str) -> Kinds:
    return dict.fromkeys(names, pa.float32())


def _history(view: str) -> Kinds:
    return {
        "recent_ids": STRINGS,
        **{RECENT[mark]: STRINGS for mark in HISTORY_MARKS[view]},
        "recent_timestamps": pa.list_(pa.int64()),
        "last_counted": pa.list_(pa.int64()),
        "interaction_count": pa.float32(),
    }


freelancer_profile = View(
    "freelancer_profile",
    "freelancer",
    {
        "title": pa.string(),
        "skills": STRINGS,
        "linked_skills": STRINGS,
        "category": pa.string(),
        "country": pa.string(),
        "region": pa.string(),
        "city": pa.string(),
        "languages": STRINGS,
        "hourly_rate_usd": pa.float64(),
        "experience_level": pa.string(),
        "hours_per_week": pa.float64(),
        "agency_id": pa.string(),
        "status": pa.string(),
        "joined_at": TIMESTAMP,
        "text_key": pa.string(),
    },
    "What a freelancer says of itself.",
    pushed=True,
)

freelancer_activity = View(
    "freelancer_activity",
    "freelancer",
    _counts(
        *("impressions_7d", "impressions_30d", "clicks_7d", "clicks_30d", "invites_7d", "invites_30d"),
        *("applies_7d", "applies_30d", "accepts_30d", "declines_30d", "hires_30d", "pending_invites"),
        *("click_rate_30d", "invite_rate_30d", "accept_rate_30d", "hire_rate_30d"),
        *("earnings_30d_usd", "rating_30d", "active_days_30d"),
    ),
    "What happened to a freelancer in windows that end at the last midnight.",
)

freelancer_history = View(
    "freelancer_history",
    "freelancer",
    _history("freelancer_history"),
    "The jobs a freelancer last turned to, newest first.",
    pushed=True,
)

freelancer_text = View(
    "freelancer_text",
    "freelancer",
    {"text_key": pa.string(), "embedding": pa.list_(pa.float32())},
    "Vector of a freelancer's text: 384 numbers, unit length.",
)

job_profile = View(
    "job_profile",
    "job",
    {
        "client_id": pa.string(),
        "posted_at": TIMESTAMP,
        "title": pa.string(),
        "skills": STRINGS,
        "linked_skills": STRINGS,
        "category": pa.string(),
        "company": pa.string(),
        "industry": pa.string(),
        "country": pa.string(),
        "region": pa.string(),
        "city": pa.string(),
        "languages": STRINGS,
        "budget_kind": pa.string(),
        "budget_min_usd": pa.float64(),
        "budget_max_usd": pa.float64(),
        "experience_level": pa.string(),
        "openings": pa.int64(),
        "visibility": pa.string(),
        "status": pa.string(),
        "text_key": pa.string(),
    },
    "What a job post says.",
    pushed=True,
)

job_activity = View(
    "job_activity",
    "job",
    _counts(
        *("impressions_7d", "impressions_30d", "clicks_7d", "clicks_30d", "applies_7d", "applies_30d"),
        *("invites_30d", "accepts_30d", "hires_30d", "click_rate_30d", "apply_rate_30d"),
        *("applicants_open", "openings_left"),
    ),
    "What happened to a job in windows that end at the last midnight, and who competes for it.",
)

job_text = View(
    "job_text",
    "job",
    {"text_key": pa.string(), "embedding": pa.list_(pa.float32())},
    "Vector of a job's text: 384 numbers, unit length.",
)

client_profile = View(
    "client_profile",
    "client",
    {"country": pa.string(), "payment_verified": pa.bool_(), "status": pa.string(), "joined_at": TIMESTAMP},
    "What is known of a client.",
)

client_activity = View(
    "client_activity",
    "client",
    _counts(
        *("queries_30d", "clicks_30d", "invites_30d", "hires_30d", "jobs_posted_30d"),
        *("hire_rate_30d", "answer_rate_30d", "spend_30d_usd", "rating_given_30d"),
    ),
    "What a client did in windows that end at the last midnight.",
)

client_history = View(
    "client_history",
    "client",
    _history("client_history"),
    "The freelancers a client last turned to, newest first.",
    pushed=True,
)

RANKED_VIEWS = (
    *(freelancer_profile, freelancer_activity, freelancer_history),
    *(job_profile, job_activity),
    *(client_profile, client_activity, client_history),
)
"""What rankers read. Vectors are gathered by text_key instead."""
VIEWS = (*RANKED_VIEWS, freelancer_text, job_text)
_BY_NAME = {view.name: view for view in VIEWS}
