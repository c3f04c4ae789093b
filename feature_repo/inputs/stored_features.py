"""Which stored features each surface reads as they are, under which name and on which scale.

A feature of the candidate is `candidate_*`, of who asks `actor_*`, of the job a client asks for `job_*`. Every feature
of an activity view is read: rates and ratings as they are, counts and money as log(1 + x). Of profiles, those in
PROFILE_INPUTS are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from feature_repo.inputs.columns import Codes, Doubles, Rows, buckets, lists, numbers
from feature_repo.texts.weighing import COMPONENTS
from feature_repo.views import View, client_activity, freelancer_activity, job_activity
from metier.contract import SURFACES, Surface
from metier.surfaces import surface_spec

Scale = Literal["raw", "log", "code", "length"]

PROFILE_INPUTS: Mapping[str, Mapping[str, Scale]] = {
    "freelancer_profile": {
        "hourly_rate_usd": "log",
        "hours_per_week": "raw",
        "skills": "length",
        "category": "code",
        "country": "code",
        "region": "code",
        "experience_level": "code",
    },
    "job_profile": {
        "budget_min_usd": "log",
        "budget_max_usd": "log",
        "openings": "raw",
        "skills": "length",
        "category": "code",
        "industry": "code",
        "country": "code",
        "region": "code",
        "experience_level": "code",
        "budget_kind": "code",
    },
    "client_profile": {"payment_verified": "raw", "country": "code"},
}
"""Per profile view, the columns that are model inputs, and their scales: `code` a category, `length` that of a list."""
SUFFIXES: Mapping[Scale, str] = {"raw": "", "log": "_log", "code": "_code", "length": "_count"}
"""What the name of a profile's column gets on each scale."""


@dataclass(frozen=True)
class Stored:
    """A model input that is one stored column, rescaled."""

    name: str
    source: str
    scale: Scale

    def values(self, table: Rows) -> Doubles | Codes:
        """(n,) the column before it is rescaled: a number, NaN where it is absent; a bucket; the length of a list."""
        if self.scale == "code":
            return buckets(table, self.source)
        if self.scale == "length":
            return lists(table, self.source).lengths
        return numbers(table, self.source)


def rescaled(features: Sequence[Stored], table: Rows) -> Doubles:
    """(n, features) of a table, NaN (or bucket 0) where absent."""
    values: Doubles = np.column_stack([feature.values(table) for feature in features]).astype(np.float64, copy=False)
    logged = [column for column, feature in enumerate(features) if feature.scale == "log"]
    values[:, logged] = np.log1p(np.maximum(values[:, logged], 0.0))
    return values


def _activity(role: str, view: View) -> tuple[Stored, ...]:
    def scale(feature: str) -> Scale:
        return "raw" if "rate" in feature or "rating" in feature else "log"

    return tuple(Stored(f"{role}_{name}", f"{view.name}__{name}", scale(name)) for name in view.features)


def _profile(role: str, view: str) -> tuple[Stored, ...]:
    def name(column: str, scale: Scale) -> str:
        return (column.removesuffix("s") if scale == "length" else column) + SUFFIXES[scale]

    columns = PROFILE_INPUTS[view].items()
    return tuple(Stored(f"{role}_{name(column, scale)}", f"{view}__{column}", scale) for column, scale in columns)


def _candidate_counts(surface: Surface) -> tuple[Stored, ...]:
    if surface_spec(surface).shows_jobs:
        return (*_activity("candidate", job_activity), *_activity("candidate_client", client_activity))
    return _activity("candidate", freelancer_activity)


def _candidate_profile(surface: Surface) -> tuple[Stored, ...]:
    if surface_spec(surface).shows_jobs:
        return (*_profile("candidate", "job_profile"), *_profile("candidate_client", "client_profile"))
    return _profile("candidate", "freelancer_profile")


def _query_stored(surface: Surface) -> tuple[Stored, ...]:
    if surface_spec(surface).side == "freelancer":
        return (*_activity("actor", freelancer_activity), *_profile("actor", "freelancer_profile"))
    client = (*_activity("actor", client_activity), *_profile("actor", "client_profile"))
    return (*client, *_activity("job", job_activity), *_profile("job", "job_profile"))


CANDIDATE_STORED: dict[Surface, tuple[Stored, ...]] = {
    name: (*_candidate_counts(name), *_candidate_profile(name)) for name in SURFACES
}
QUERY_STORED: dict[Surface, tuple[Stored, ...]] = {name: _query_stored(name) for name in SURFACES}
STORED_COUNT_NAMES = frozenset(stored.name for name in SURFACES for stored in _candidate_counts(name))
"""Counts and popularity of a candidate: what gives away which candidates were ever shown, where that is unknown."""


def vector_names(role: str) -> tuple[str, ...]:
    """Names of the components of a person's or a job's text vector."""
    return tuple(f"{role}_v{component:02d}" for component in range(COMPONENTS))
