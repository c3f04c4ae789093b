"""As known, not as happened: a future value, a late row or a later build changes no earlier feature row."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from feature_repo.build.aggregates import VIEWS, build_feature_tables
from metier.contract import TABLES
from metier.lake import Lake

START = datetime(2024, 3, 1, tzinfo=UTC)
CUT = START + timedelta(days=50)
END = START + timedelta(days=80)


def world() -> dict[str, list[dict[str, Any]]]:
    """A small two-sided log with delays, the same each time."""
    rng = np.random.default_rng(7)

    def clock(late_share: float = 0.3) -> dict[str, datetime]:
        happened = START + timedelta(hours=float(rng.uniform(0, 79 * 24)))
        late = float(rng.exponential(48)) if rng.random() < late_share else 0.0
        return {"event_timestamp": happened, "recorded_at": happened + timedelta(hours=late)}

    def pick(prefix: str, count: int) -> str:
        return f"{prefix}{rng.integers(count)}"

    person = {"overview": "o", "skills": ["go"], "status": "listed"}
    job = {"description": "d", "skills": ["go"], "openings": 2, "visibility": "public", "status": "open"}
    tables: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    for i in range(30):
        tables["freelancers"].append({**person, "freelancer_id": pick("f", 8), "title": f"t{i}", **clock()})
        tables["jobs"].append({**job, "job_id": pick("j", 8), "client_id": pick("c", 3), "title": f"t{i}", **clock()})
        tables["clients"].append({"client_id": pick("c", 3), "status": "active", **clock()})
    for i in range(60):
        surface = ("talent_search", "job_feed")[i % 2]
        stamp = clock()
        query = {"query_id": f"q{i}", "surface": surface, "actor_id": pick("c" if i % 2 == 0 else "f", 3)}
        tables["queries"].append({**query, "filters": "{}", "context": "{}", **stamp})
        shown = {"query_id": f"q{i}", "placement": "organic", **clock()}
        prefix = "f" if i % 2 == 0 else "j"
        tables["impressions"] += [{**shown, "candidate_id": f"{prefix}{r}", "rank": r} for r in range(1, 6)]
    kinds = ["click", "save", "apply", "invite", "accept", "decline", "hire", "pay", "rate"]
    for i in range(300):
        row = {
            "kind": kinds[i % 9],
            "side": ("client", "freelancer")[int(rng.integers(2))],
            "freelancer_id": pick("f", 8),
        }
        row |= {"job_id": pick("j", 8), "value_usd": 10.0, "rating": 4.0}
        tables["interactions"].append({"interaction_id": f"i{i}", **row, **clock()})
    return tables


def planted(late: bool) -> dict[str, list[dict[str, Any]]]:
    """Rows of every table that happened before the cut and were recorded after it, or happened after it."""
    happened = CUT - timedelta(days=3) if late else CUT + timedelta(hours=1)
    stamp = {"event_timestamp": happened, "recorded_at": CUT + timedelta(hours=2)}
    person = {"title": "PLANTED", "overview": "o", "skills": ["x"], "status": "suspended", "city": "Planted"}
    job = {"title": "PLANTED", "description": "d", "skills": ["x"], "openings": 9, "status": "closed"}
    tables: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    for i in range(8):
        tables["freelancers"].append({**person, "freelancer_id": f"f{i}", **stamp})
        tables["jobs"].append({**job, "job_id": f"j{i}", "client_id": "c2", "visibility": "public", **stamp})
        query = {"query_id": f"p{i}", "surface": ("job_feed", "talent_search")[i % 2], "actor_id": "c1"}
        tables["queries"].append({**query, "filters": "{}", "context": "{}", **stamp})
        shown = {"query_id": f"p{i}", "candidate_id": f"{'jf'[i % 2]}{i}", "rank": 1, "placement": "organic"}
        tables["impressions"].append({**shown, **stamp})
        for kind in ("click", "apply", "invite", "accept", "decline", "hire", "pay", "rate"):
            row = {"interaction_id": f"p{i}{kind}", "kind": kind, "freelancer_id": f"f{i}", "job_id": f"j{i}"}
            side = "freelancer" if kind in ("apply", "decline") else "client"
            tables["interactions"].append({**row, "side": side, "value_usd": 1e6, "rating": 1.0, **stamp})
    for i in range(4):
        tables["clients"].append({"client_id": f"c{i}", "status": "suspended", "country": "Planted", **stamp})
    return tables


def build(folder: Path, as_of: datetime, *parts: dict[str, list[dict[str, Any]]]) -> dict[str, pa.Table]:
    lake = Lake(str(folder / "lake"))
    for part in parts:
        for name, rows in part.items():
            columns = {c.name: [row.get(c.name) for row in rows] for c in TABLES[name].columns}
            lake.append(name, pa.table(columns, schema=TABLES[name].schema))
    build_feature_tables(lake, as_of, folder / "features")
    return {view: pq.read_table(folder / "features" / view) for view in VIEWS}


def before_cut(table: pa.Table) -> pa.Table:
    return table.filter(pc.less_equal(table["event_timestamp"], pa.scalar(CUT)))


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pa.Table]:
    return build(tmp_path_factory.mktemp("clean"), END, world())


@pytest.mark.parametrize("late", [False, True], ids=["future value", "late row"])
def test_a_planted_row_changes_nothing_that_was_visible_before_it(
    late: bool, clean: dict[str, pa.Table], tmp_path: Path
) -> None:
    dirty = build(tmp_path, END, world(), planted(late))
    for view in VIEWS:
        assert before_cut(clean[view]).num_rows > 0
        assert before_cut(dirty[view]).equals(before_cut(clean[view])), view
        assert not dirty[view].equals(clean[view]), f"the planted rows never reached {view}"


def test_a_build_at_the_cut_equals_what_a_later_build_says_of_that_time(
    clean: dict[str, pa.Table], tmp_path: Path
) -> None:
    early = build(tmp_path, CUT, world())
    for view in VIEWS:
        assert early[view].equals(before_cut(clean[view])), view


def test_no_row_knows_anything_recorded_after_it(clean: dict[str, pa.Table]) -> None:
    for view, table in clean.items():
        assert pc.all(pc.less_equal(table["recorded_at"], table["event_timestamp"])).as_py(), view
