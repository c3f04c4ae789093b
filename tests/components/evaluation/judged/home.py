"""A home of one client, two people and three slates, and what is known of them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from metier.contract import TABLES
from metier.lake import Lake
from metier.settings import Settings

START = datetime(2026, 1, 1, tzinfo=UTC)
PAIRS = [("q1", "ada"), ("q1", "bob"), ("q2", "ada"), ("q2", "bob"), ("q3", "ada"), ("q3", "bob")]


def at(day: float) -> dict[str, datetime]:
    return dict.fromkeys(("event_timestamp", "recorded_at"), START + timedelta(days=day))


def person(who: str, day: float, skill: str, **columns: Any) -> dict[str, Any]:
    fixed = {"title": "Freelancer", "overview": "", "status": "listed", "category": "Web"}
    return {"freelancer_id": who, "skills": [skill], **fixed, **columns, **at(day)}


def query(key: str, text: str | None, day: float, filters: str = "{}", job: str | None = None) -> dict[str, Any]:
    asked = {"query_id": key, "surface": "talent_search", "actor_id": "c", "text": text, "job_id": job}
    return {**asked, "filters": filters, "context": "{}", **at(day)}


def judged_home(folder: Path) -> Settings:
    """Ada learns React between the first query and the others; Bob cooks, in India."""
    settings = Settings(home=folder)
    lake = Lake(settings.lake)
    rows = {
        "freelancers": [
            person("ada", 0, "Docker"),
            person("ada", 2, "React"),
            person("bob", 0, "Cooking", country="IN"),
        ],
        "clients": [{"client_id": "c", "status": "active", **at(0)}],
        "queries": [
            query("q1", "react", 1),
            query("q2", "react", 3),
            query("q3", "cooking, Poland", 3, filters='{"skills": ["Cooking"]}'),
        ],
        "impressions": [
            {"query_id": q, "candidate_id": c, "rank": rank, "placement": "organic", **at(3)}
            for q in ("q1", "q2", "q3")
            for rank, c in enumerate(("ada", "bob"), 1)
        ],
    }
    for name, table in rows.items():
        lake.append(name, pa.Table.from_pylist(table, schema=TABLES[name].schema))
    return settings


def with_truth(settings: Settings, grades: list[float]) -> Settings:
    """The home with true grades of PAIRS."""
    settings.truth.mkdir(parents=True)
    table = pa.table(
        {
            "query_id": [q for q, _ in PAIRS],
            "candidate_id": [c for _, c in PAIRS],
            "true_relevance": pa.array(grades, pa.float32()),
        }
    )
    pq.write_table(table, settings.truth / "impressions.parquet")
    return settings
