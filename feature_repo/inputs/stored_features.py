"""Which stored features each surface reads as they are, under which name and on which scale.

A feature of the candidate is `candidate_*`, of who asks `actor_*`, of the job a client asks for `job_*`. Counts and
money enter as log(1 + x); rates and ratings as they are; `*_code` as categorical buckets.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa

from feature_repo.inputs.columns import Floats, buckets, lists, numbers
from feature_repo.texts.weighing import COMPONENTS
from metier.contract import Surface

FREELANCER_ACTIVITY = (
    "impressions_7d", "impressions_30d", "clicks_7d", "clicks_30d", "invites_7d", "invites_30d", "applies_7d",
    "applies_30d", "accepts_30d", "declines_30d", "hires_30d", "pending_invites", "click_rate_30d", "invite_rate_30d",
    "accept_rate_30d", "hire_rate_30d", "earnings_30d_usd", "rating_30d", "active_days_30d",
)  # fmt: skip
JOB_ACTIVITY = (
    "impressions_7d", "impressions_30d", "clicks_7d", "clicks_30d", "applies_7d", "applies_30d", "invites_30d",
    "accepts_30d", "hires_30d", "click_rate_30d", "apply_rate_30d", "applicants_open", "openings_left",
)  # fmt: skip
CLIENT_ACTIVITY = (
    "queries_30d", "clicks_30d", "invites_30d", "hires_30d", "jobs_posted_30d", "hire_rate_30d", "answer_rate_30d",
    "spend_30d_usd", "rating_given_30d",
)  # fmt: skip

Scale = Literal["raw", "log", "code", "length"]


@dataclass(frozen=True)
class Stored:
    """A model input that is one stored column, rescaled."""

    name: str
    source: str
    scale: Scale

    def values(self, table: pa.Table) -> Floats:
        """(n,) float32, NaN (or bucket 0) where absent."""
        if self.scale == "code":
            return buckets(table, self.source)
        if self.scale == "length":
            return np.diff(lists(table, self.source).offsets).astype(np.float32)
        found = numbers(table, self.source)
        if self.scale == "log":
            found = np.log1p(np.maximum(found, 0.0))
        return found.astype(np.float32)


def _activity(role: str, view: str, features: tuple[str, ...]) -> tuple[Stored, ...]:
    def scale(feature: str) -> Scale:
        return "raw" if "rate" in feature or "rating" in feature else "log"

    return tuple(Stored(f"{role}_{name}", f"{view}__{name}", scale(name)) for name in features)


def _codes(role: str, profile: str, features: tuple[str, ...]) -> tuple[Stored, ...]:
    return tuple(Stored(f"{role}_{name}_code", f"{profile}__{name}", "code") for name in features)


def _person(role: str) -> tuple[Stored, ...]:
    profile = "freelancer_profile"
    return (
        Stored(f"{role}_hourly_rate_usd_log", f"{profile}__hourly_rate_usd", "log"),
        Stored(f"{role}_hours_per_week", f"{profile}__hours_per_week", "raw"),
        Stored(f"{role}_skill_count", f"{profile}__skills", "length"),
        *_codes(role, profile, ("category", "country", "region", "experience_level")),
    )


def _job(role: str) -> tuple[Stored, ...]:
    profile = "job_profile"
    return (
        Stored(f"{role}_budget_min_usd_log", f"{profile}__budget_min_usd", "log"),
        Stored(f"{role}_budget_max_usd_log", f"{profile}__budget_max_usd", "log"),
        Stored(f"{role}_openings", f"{profile}__openings", "raw"),
        Stored(f"{role}_skill_count", f"{profile}__skills", "length"),
        *_codes(role, profile, ("category", "industry", "country", "region", "experience_level", "budget_kind")),
    )


def _client(role: str) -> tuple[Stored, ...]:
    return (
        Stored(f"{role}_payment_verified", "client_profile__payment_verified", "raw"),
        *_codes(role, "client_profile", ("country",)),
    )


_CANDIDATE_COUNTS: dict[Surface, tuple[Stored, ...]] = {
    "job_feed": (
        *_activity("candidate", "job_activity", JOB_ACTIVITY),
        *_activity("candidate_client", "client_activity", CLIENT_ACTIVITY),
    ),
    "talent_search": _activity("candidate", "freelancer_activity", FREELANCER_ACTIVITY),
    "applicant_review": _activity("candidate", "freelancer_activity", FREELANCER_ACTIVITY),
}
_CLIENT_ASKS = (
    *_activity("actor", "client_activity", CLIENT_ACTIVITY),
    *_client("actor"),
    *_activity("job", "job_activity", JOB_ACTIVITY),
    *_job("job"),
)

CANDIDATE_STORED: dict[Surface, tuple[Stored, ...]] = {
    "job_feed": (*_CANDIDATE_COUNTS["job_feed"], *_job("candidate"), *_client("candidate_client")),
    "talent_search": (*_CANDIDATE_COUNTS["talent_search"], *_person("candidate")),
    "applicant_review": (*_CANDIDATE_COUNTS["applicant_review"], *_person("candidate")),
}
QUERY_STORED: dict[Surface, tuple[Stored, ...]] = {
    "job_feed": (*_activity("actor", "freelancer_activity", FREELANCER_ACTIVITY), *_person("actor")),
    "talent_search": _CLIENT_ASKS,
    "applicant_review": _CLIENT_ASKS,
}
STORED_COUNT_NAMES = frozenset(stored.name for group in _CANDIDATE_COUNTS.values() for stored in group)
"""Counts and popularity of a candidate: what gives away which candidates were ever shown, where that is unknown."""


def vector_names(role: str) -> tuple[str, ...]:
    """Names of the components of a person's or a job's text vector."""
    return tuple(f"{role}_v{component:02d}" for component in range(COMPONENTS))
