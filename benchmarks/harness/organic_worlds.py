"""Logs of interactions without impressions, as files of the contract: made from hidden tastes.

Every act is organic: somebody touched a job, and nothing says what else was seen. Knows neither the lake nor rankers.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from metier.contract import TABLES

TASTES = 12
YEARS = 2
START = datetime(2024, 1, 1, tzinfo=UTC)
SKILLS = (
    "Python",
    "SQL",
    "Design",
    "Writing",
    "Sales",
    "Nursing",
    "Welding",
    "Law",
    "German",
    "Accounting",
    "Rust",
    "3D",
)


def write_world(folder: Path, interactions: int, people: int, jobs: int, seed: int = 0) -> None:
    """`interactions` distinct (person, job) pairs: people are active in bursts, jobs differ in fame and in taste.

    A pair is drawn with probability in proportion to exp(taste of the person * taste of the job + fame); its first
    acts are the ones drawn first. Jobs carry no posting date, so that a study with and one without counts is planned.
    """
    rng = np.random.default_rng(seed)
    person_taste, job_taste = (rng.normal(size=(size, TASTES)) for size in (people, jobs))
    fame = 1.2 * rng.normal(size=jobs)
    shares = rng.lognormal(sigma=1.0, size=people)
    counts = np.clip(np.round(interactions * shares / shares.sum()), 2, jobs // 2).astype(np.int64)
    who, what, when = [], [], []
    span = YEARS * 365 * 86_400
    for person, count in enumerate(counts):
        keys = 0.7 * job_taste @ person_taste[person] + fame + rng.gumbel(size=jobs)
        chosen = np.argpartition(-keys, count)[:count]
        chosen = chosen[np.argsort(-keys[chosen])]
        begun = rng.uniform(0, 0.9 * span)
        who.append(np.full(count, person))
        what.append(chosen)
        when.append(np.sort(begun + rng.exponential(0.02 * span, size=count)).clip(max=span))
    liking = np.concatenate([job_taste[chosen] @ person_taste[person] for person, chosen in enumerate(what)])
    folder.mkdir(parents=True, exist_ok=True)
    before = START - timedelta(days=1)
    named = {"freelancer_id": _names("p", np.arange(people)), "skills": pa.array(_skills_of(person_taste))}
    _save(folder, "freelancers", named, title="person", overview="", status="listed", event_timestamp=before)
    skills = pa.array(_skills_of(job_taste))
    titles = pa.array([" and ".join(row) for row in skills.to_pylist()])
    posts = {"job_id": _names("j", np.arange(jobs)), "title": titles, "description": titles, "skills": skills}
    _save(folder, "jobs", posts, openings=1, visibility="public", status="open", event_timestamp=before)
    acts = {
        "interaction_id": _names("i", np.arange(len(liking))),
        "freelancer_id": _names("p", np.concatenate(who)),
        "job_id": _names("j", np.concatenate(what)),
        "kind": pa.array(np.where(liking > np.median(liking), "apply", "click")),
        "event_timestamp": _moments(np.concatenate(when)),
    }
    _save(folder, "interactions", acts, side="freelancer")


def _skills_of(taste: NDArray[np.float64]) -> list[list[str]]:
    """The names of the two strongest tastes of each row."""
    return [[SKILLS[place] for place in row] for row in np.argsort(-taste, axis=1)[:, :2].tolist()]


def _names(prefix: str, positions: NDArray[np.int64]) -> pa.Array:
    return pa.array([f"{prefix}{position}" for position in positions.tolist()])


def _moments(seconds: NDArray[np.float64]) -> pa.Array:
    base = int(START.timestamp() * 1_000_000)
    return pa.array(base + (seconds * 1_000_000).astype(np.int64)).cast(pa.timestamp("us", tz="UTC"))


def _save(folder: Path, name: str, columns: Mapping[str, pa.Array], **constants: object) -> None:
    """Write a table of the contract: `columns`, `constants` in every row, and null elsewhere."""
    rows = len(next(iter(columns.values())))
    given = {**columns, **{key: [value] * rows for key, value in constants.items()}}
    given.setdefault("recorded_at", given["event_timestamp"])
    schema = TABLES[name].schema
    arrays = [
        pa.array(given[field.name], field.type) if field.name in given else pa.nulls(rows, field.type)
        for field in schema
    ]
    pq.write_table(pa.table(arrays, schema=schema), folder / f"{name}.parquet")
