"""Every Feast object of metier: what a feature is called, what type it has and whose it is.

The only file that `feast apply` reads, and the only one beside the SQL that names a stored feature: sql/<view>.sql
gives a column of each name, the join key and the two timestamps. A version counts from event_timestamp, the moment at
which it became visible to serving.
"""

from datetime import datetime, timedelta

from feast import Entity, FeatureService, FeatureView, Field, FileSource, PushSource, ValueType
from feast.types import (
    Array,
    Bool,
    FeastType,
    Float32,
    Float64,
    Int64,
    String,
    UnixTimestamp,
)

from metier.contract import Surface

NEVER_EXPIRES = timedelta(days=50 * 365)
"""A view says itself when something is over (windows that emptied have a row of zeros), so values do not expire.

Feast reads 0 as "never" in joins but as "one year before the wall clock" in `materialize-incremental`, which would
leave out archives; fifty years mean the same to both.
"""
FRESH_WITHIN = "fresh_within_hours"
"""Tag of a view: how old its values may be when they are served, from the moment up to which they were built."""
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


class _AnyRecord(list[tuple[datetime, datetime]]):
    """The materializations of a declared view: equal to whatever the registry has recorded of it.

    With Feast's own empty list a view differs from its declaration once it is materialized: every `feast apply` from
    then on would print it as updated, with a page of timestamps. A view of a class of its own is no way out: Feast's
    SQL registry does not know it again, and writes it anew without its record.
    """

    def __eq__(self, other: object) -> bool:
        return isinstance(other, list)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None  # type: ignore[assignment]


def _view(
    name: str, entity: Entity, features: dict[str, FeastType], description: str, pushed: bool = False
) -> FeatureView:
    """A view of a table; a `pushed` one also takes rows between two builds, from the push source <name>_push."""
    table = FileSource(
        name=name,
        path=name,
        timestamp_field="event_timestamp",
        created_timestamp_column="recorded_at",
    )
    view = FeatureView(
        name=name,
        entities=[entity],
        ttl=NEVER_EXPIRES,
        schema=[Field(name=entity.join_key, dtype=String), *(Field(name=n, dtype=t) for n, t in features.items())],
        source=PushSource(name=f"{name}_push", batch_source=table) if pushed else table,
        online=True,
        description=description,
        tags={FRESH_WITHIN: str(HOURS[name.split("_")[1]])},
    )
    view.materialization_intervals = _AnyRecord()
    return view


def _counts(*names: str) -> dict[str, FeastType]:
    return dict.fromkeys(names, Float32)


def _history(view: str) -> dict[str, FeastType]:
    return {
        "recent_ids": Array(String),
        **{RECENT[mark]: Array(String) for mark in HISTORY_MARKS[view]},
        "recent_timestamps": Array(Int64),
        "last_counted": Array(Int64),
        "interaction_count": Float32,
    }


freelancer = Entity(name="freelancer", join_keys=["freelancer_id"], value_type=ValueType.STRING)
job = Entity(name="job", join_keys=["job_id"], value_type=ValueType.STRING)
client = Entity(name="client", join_keys=["client_id"], value_type=ValueType.STRING)

freelancer_profile = _view(
    "freelancer_profile",
    freelancer,
    {
        "title": String,
        "skills": Array(String),
        "linked_skills": Array(String),
        "category": String,
        "country": String,
        "region": String,
        "city": String,
        "languages": Array(String),
        "hourly_rate_usd": Float64,
        "experience_level": String,
        "hours_per_week": Float64,
        "agency_id": String,
        "status": String,
        "joined_at": UnixTimestamp,
        "text_key": String,
    },
    "What a freelancer says of itself.",
    pushed=True,
)

freelancer_activity = _view(
    "freelancer_activity",
    freelancer,
    _counts(
        *("impressions_7d", "impressions_30d", "clicks_7d", "clicks_30d", "invites_7d", "invites_30d"),
        *("applies_7d", "applies_30d", "accepts_30d", "declines_30d", "hires_30d", "pending_invites"),
        *("click_rate_30d", "invite_rate_30d", "accept_rate_30d", "hire_rate_30d"),
        *("earnings_30d_usd", "rating_30d", "active_days_30d"),
    ),
    "What happened to a freelancer in windows that end at the last midnight.",
)

freelancer_history = _view(
    "freelancer_history",
    freelancer,
    _history("freelancer_history"),
    "The jobs a freelancer last turned to, newest first.",
    pushed=True,
)

freelancer_text = _view(
    "freelancer_text",
    freelancer,
    {"text_key": String, "embedding": Array(Float32)},
    "Vector of a freelancer's text: 384 numbers, unit length.",
)

job_profile = _view(
    "job_profile",
    job,
    {
        "client_id": String,
        "posted_at": UnixTimestamp,
        "title": String,
        "skills": Array(String),
        "linked_skills": Array(String),
        "category": String,
        "company": String,
        "industry": String,
        "country": String,
        "region": String,
        "city": String,
        "languages": Array(String),
        "budget_kind": String,
        "budget_min_usd": Float64,
        "budget_max_usd": Float64,
        "experience_level": String,
        "openings": Int64,
        "visibility": String,
        "status": String,
        "text_key": String,
    },
    "What a job post says.",
    pushed=True,
)

job_activity = _view(
    "job_activity",
    job,
    _counts(
        *("impressions_7d", "impressions_30d", "clicks_7d", "clicks_30d", "applies_7d", "applies_30d"),
        *("invites_30d", "accepts_30d", "hires_30d", "click_rate_30d", "apply_rate_30d"),
        *("applicants_open", "openings_left"),
    ),
    "What happened to a job in windows that end at the last midnight, and who competes for it.",
)

job_text = _view(
    "job_text",
    job,
    {"text_key": String, "embedding": Array(Float32)},
    "Vector of a job's text: 384 numbers, unit length.",
)

client_profile = _view(
    "client_profile",
    client,
    {"country": String, "payment_verified": Bool, "status": String, "joined_at": UnixTimestamp},
    "What is known of a client.",
)

client_activity = _view(
    "client_activity",
    client,
    _counts(
        *("queries_30d", "clicks_30d", "invites_30d", "hires_30d", "jobs_posted_30d"),
        *("hire_rate_30d", "answer_rate_30d", "spend_30d_usd", "rating_given_30d"),
    ),
    "What a client did in windows that end at the last midnight.",
)

client_history = _view(
    "client_history",
    client,
    _history("client_history"),
    "The freelancers a client last turned to, newest first.",
    pushed=True,
)

ENTITIES = (freelancer, job, client)
RANKED_VIEWS = (
    *(freelancer_profile, freelancer_activity, freelancer_history),
    *(job_profile, job_activity),
    *(client_profile, client_activity, client_history),
)
"""What rankers read. Vectors are gathered by text_key instead."""
VIEWS = (*RANKED_VIEWS, freelancer_text, job_text)

talent_search_v1 = FeatureService(name="talent_search_v1", features=list(RANKED_VIEWS))
job_feed_v1 = FeatureService(name="job_feed_v1", features=list(RANKED_VIEWS))
applicant_review_v1 = FeatureService(name="applicant_review_v1", features=list(RANKED_VIEWS))

SERVICES = (talent_search_v1, job_feed_v1, applicant_review_v1)


def feature_service(surface: Surface) -> str:
    """Name of the feature service that ranks a surface."""
    return f"{surface}_v1"
