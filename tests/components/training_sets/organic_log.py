"""A small home with organic clicks: four people, jobs by letter, features and text vectors."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from feature_repo.build.aggregates import build_feature_tables
from feature_repo.build.corpus import distinct_texts
from feature_repo.build.feature_tables import VECTORS
from feature_repo.client import FeatureStoreClient
from feature_repo.texts import TextVectors
from metier.contract import TABLES
from metier.lake import Lake
from metier.settings import Settings

START = datetime(2026, 1, 1, tzinfo=UTC)
AS_OF = START + timedelta(days=60)
CLICKS = ("FJ1", "FK2", "FL3", "GJ1", "GK2", "GM3", "HK1", "HL5", "IM2")
"""Freelancer, job and day."""


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def add(lake: Lake, name: str, rows: list[dict]) -> None:
    """Append rows that were recorded when they happened, unless they say otherwise."""
    stamped = [{"recorded_at": row["event_timestamp"]} | row for row in rows]
    lake.append(name, pa.Table.from_pylist(stamped, schema=TABLES[name].schema))


def act(
    kind: str, at: float, freelancer: str = "F", job: str | None = "J", side: str = "freelancer", **more: object
) -> dict:
    """An interaction, `at` days after START."""
    row = {"kind": kind, "side": side, "freelancer_id": freelancer, "job_id": job, "event_timestamp": day(at)}
    return row | {"interaction_id": f"{kind}-{freelancer}-{job}-{side}-{at}"} | more


def click(freelancer: str, job: str, at: float) -> dict:
    """A freelancer's organic click on a job."""
    return act("click", at, freelancer, job)


def organic_log(settings: Settings, more: list[dict], jobs: str = "JKLM") -> None:
    """Fill the lake with the people, the jobs and CLICKS on them, and with `more` interactions."""
    person = {"overview": "", "skills": ["sql"], "status": "listed", "event_timestamp": START}
    post = {"description": "", "skills": ["sql"], "openings": 1, "visibility": "public", "status": "open"}
    clicks = [click(who, job, int(at)) for who, job, at in CLICKS if job in jobs]
    rows = {
        "freelancers": [person | {"freelancer_id": who, "title": f"{who} writes"} for who in "FGHI"],
        "jobs": [post | {"job_id": job, "title": f"{job} wanted", "event_timestamp": START} for job in jobs],
        "interactions": [*clicks, *more],
    }
    lake = Lake(settings.lake)
    for name, own in rows.items():
        if own:
            add(lake, name, own)


def featured(settings: Settings) -> FeatureStoreClient:
    """Build feature tables and text vectors of the lake as of AS_OF; the client of its feature store."""
    lake = Lake(settings.lake)
    build_feature_tables(lake, AS_OF, settings.features)
    corpus = distinct_texts(lake, AS_OF)
    embeddings = np.random.default_rng(1).normal(size=(len(corpus.keys), 384)).astype(np.float32)
    vectors = TextVectors.build(corpus.keys, corpus.texts, embeddings, corpus.titles, corpus.headlines)
    vectors.write(settings.features / VECTORS)
    store = FeatureStoreClient(settings)
    store.apply()
    return store
