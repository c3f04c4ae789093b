"""The two sides of every pair, a person and a job, and what their comparison gives.

The same functions serve a feed (one person, many jobs), a search and a review (one job, many people). Knows no
query, no history and no surface.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from feature_repo.inputs.columns import Codes, Doubles, Indices, Rows, codes, numbers, strings, token_sets
from metier.contract import LEVELS

PERSON = "freelancer_profile__"
JOB = "job_profile__"

PLACES = ("city", "region", "country", "category")
MATCHES = tuple(f"{name}_match" for name in PLACES)
COMPARISON_NAMES = (
    "skill_overlap_count", "skill_jaccard", "skill_coverage", "language_match", "rate_to_budget_log_ratio",
    "rate_inside_budget", "city_match", "region_match", "country_match", "category_match", "level_match", "level_gap",
)  # fmt: skip


@dataclass(frozen=True)
class Party:
    """A column of people or of jobs. Rates are a person's own (lowest = highest) or a job's hourly budget.

    `skills` are those listed or, where none are, those that the texts name.
    """

    skills: sp.csr_array
    languages: sp.csr_array
    place: dict[str, Codes]
    level: Doubles
    lowest_rate_usd: Doubles
    highest_rate_usd: Doubles


def people(table: Rows) -> Party:
    """The people of a table with freelancer_profile columns."""
    rate = _positive(numbers(table, f"{PERSON}hourly_rate_usd"))
    return _party(table, PERSON, rate, rate)


def jobs(table: Rows) -> Party:
    """The jobs of a table with job_profile columns; only an hourly budget can be held against a rate."""
    hourly = np.array([kind == "hourly" for kind in strings(table, f"{JOB}budget_kind")], bool)
    lowest, highest = (
        np.where(hourly, _positive(numbers(table, f"{JOB}budget_{end}_usd")), np.nan) for end in ("min", "max")
    )
    return _party(table, JOB, lowest, highest)


@dataclass(frozen=True)
class InCommon:
    """How many skills and languages the person and the job of each pair (n,) share."""

    skills: Doubles
    languages: Doubles


def compare(person: Party, person_row: Codes, job: Party, job_row: Codes, common: InCommon) -> dict[str, Doubles]:
    """COMPARISON_NAMES of the pairs (person_row[i], job_row[i]); NaN where either side does not say."""
    features = _skills(_count(person.skills, person_row), _count(job.skills, job_row), common.skills)
    speaks, asks = _count(person.languages, person_row), _count(job.languages, job_row)
    features["language_match"] = np.where((speaks == 0) | (asks == 0), np.nan, common.languages > 0)
    features |= _rate(person.lowest_rate_usd[person_row], job.lowest_rate_usd[job_row], job.highest_rate_usd[job_row])
    lives = np.array([person.place[name][person_row] for name in PLACES])
    lies = np.array([job.place[name][job_row] for name in PLACES])
    features |= zip(MATCHES, same(lives, lies), strict=True)
    gap = person.level[person_row] - job.level[job_row]
    features["level_gap"] = gap
    features["level_match"] = np.where(np.isnan(gap), np.nan, gap == 0)
    return features


def same(left: Codes, right: Codes) -> Doubles:
    """1 where two codes are equal, 0 where they differ, NaN where either is unknown."""
    matched: Doubles = np.where((left == 0) | (right == 0), np.nan, left == right)
    return matched


def _party(table: Rows, prefix: str, lowest: Doubles, highest: Doubles) -> Party:
    step: dict[str, float] = {level: float(number) for number, level in enumerate(LEVELS)}
    levels = [step.get(level or "", np.nan) for level in strings(table, f"{prefix}experience_level")]
    listed, named = (token_sets(table, f"{prefix}{name}") for name in ("skills", "linked_skills"))
    return Party(
        skills=listed + named if named.nnz else listed,
        languages=token_sets(table, f"{prefix}languages"),
        place={name: codes(table, f"{prefix}{name}") for name in PLACES},
        level=np.array(levels, np.float64),
        lowest_rate_usd=lowest,
        highest_rate_usd=highest,
    )


def _positive(values: Doubles) -> Doubles:
    return np.where(values > 0, values, np.nan)


def _count(sets: sp.csr_array, rows: Codes) -> Indices:
    """(len(rows),) how many tokens each row has."""
    count: Indices = sets.indptr[1:][rows] - sets.indptr[:-1][rows]
    return count


def _skills(n_listed: Indices, n_required: Indices, both: Doubles) -> dict[str, Doubles]:
    """Overlap of two skill lists, unknown where the job lists none."""
    overlap = np.where(n_required > 0, both, np.nan)
    return {
        "skill_overlap_count": overlap,
        "skill_jaccard": np.where(n_listed > 0, overlap / np.maximum(n_listed + n_required - both, 1), np.nan),
        "skill_coverage": overlap / np.maximum(n_required, 1),
    }


def _rate(rate: Doubles, lowest: Doubles, highest: Doubles) -> dict[str, Doubles]:
    """log(rate / geometric middle of the budget), and whether the rate lies inside; one end may be open."""
    low = np.where(np.isnan(lowest), highest, lowest)
    high = np.where(np.isnan(highest), lowest, highest)
    stated = ~np.isnan(rate) & ~np.isnan(low)
    above = np.isnan(lowest) | (rate >= lowest)
    below = np.isnan(highest) | (rate <= highest)
    return {
        "rate_to_budget_log_ratio": np.log(rate) - (np.log(low) + np.log(high)) / 2,
        "rate_inside_budget": np.where(stated, above & below, np.nan),
    }
