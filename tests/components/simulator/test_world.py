"""A small world as a whole: bytes, schema, integrity, clocks, and what is never told."""

import ast
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from components.simulator import SimulatorConfig, WorldSummary, handover, simulate
from components.simulator.world import DAYS
from metier.contract import TABLES
from metier.errors import InputError, UnknownNameError

SMALL = SimulatorConfig(freelancers=300, jobs=200, impressions=12_000, days=60)
ROOT = Path(__file__).resolve().parents[3]
World = tuple[dict[str, pa.Table], Path, WorldSummary]


def live(config: SimulatorConfig, truth_dir: Path) -> World:
    blocks: dict[str, list[pa.Table]] = {}
    report = simulate(config, lambda name, rows: blocks.setdefault(name, []).append(rows), truth_dir)
    return {name: pa.concat_tables(parts) for name, parts in blocks.items()}, truth_dir, report


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> World:
    return live(SMALL, tmp_path_factory.mktemp("truth"))


def bytes_of(world: World) -> dict[str, bytes]:
    tables, truth_dir, _ = world
    found = {path.name: path.read_bytes() for path in sorted(truth_dir.iterdir())}
    for name, rows in tables.items():
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, rows.schema) as writer:
            writer.write_table(rows)
        found[name] = sink.getvalue().to_pybytes()
    return found


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(world, tmp_path):
    first, again = bytes_of(world), bytes_of(live(SMALL, tmp_path / "again"))
    assert first == again
    beside = {"freelancers.parquet", "impressions.parquet", "jobs.parquet", "searches.parquet", "world.json"}
    assert set(first) == {*TABLES, *beside}
    other = live(SimulatorConfig(seed=8, freelancers=300, jobs=200, impressions=2_000, days=60), tmp_path / "other")
    assert other[0]["freelancers"]["title"].to_pylist() != world[0]["freelancers"]["title"].to_pylist()


@pytest.mark.parametrize("name", sorted(TABLES))
def test_tables_keep_the_contract(world, name):
    rows, declared = world[0][name], TABLES[name]
    assert rows.schema.equals(declared.schema, check_metadata=True)
    for column in declared.columns:
        values = rows[column.name]
        assert not (column.required and values.null_count), column.name
        if column.allowed:
            assert set(values.drop_null().to_pylist()) <= set(column.allowed)
        for bound, beyond in ((column.minimum, pc.less), (column.maximum, pc.greater)):
            assert bound is None or not pc.any(beyond(values, bound)).as_py(), column.name
    assert rows.group_by(list(declared.key)).aggregate([]).num_rows == rows.num_rows


def test_counts_are_as_asked(world):
    tables, _, report = world
    assert len(set(tables["freelancers"]["freelancer_id"].to_pylist())) == 300
    assert len(set(tables["jobs"]["job_id"].to_pylist())) == 200
    assert tables["impressions"].num_rows == pytest.approx(12_000, rel=0.03)
    assert report.rows["impressions"] == tables["impressions"].num_rows


def first_seen(rows: pa.Table, key: str) -> dict[str, datetime]:
    grouped = rows.group_by(key).aggregate([("event_timestamp", "min")])
    return dict(zip(grouped[key].to_pylist(), grouped["event_timestamp_min"].to_pylist(), strict=True))


def test_entities_exist_before_events_refer_to_them(world):
    tables = world[0]
    born = {key: first_seen(tables[name], key) for name, key in
            (("freelancers", "freelancer_id"), ("clients", "client_id"),
             ("jobs", "job_id"), ("queries", "query_id"))}  # fmt: skip
    for name in ("jobs", "queries", "interactions", "impressions"):
        at = tables[name]["event_timestamp"].to_pylist()
        for key in set(TABLES[name].references) & set(born) - {TABLES[name].key[0]}:
            for value, moment in zip(tables[name][key].to_pylist(), at, strict=True):
                assert value is None or born[key][value] <= moment, (name, key)
    queries = {row["query_id"]: row for row in tables["queries"].to_pylist()}
    candidates = born["freelancer_id"] | born["job_id"]
    actors = born["freelancer_id"] | born["client_id"]
    for row in tables["impressions"].select(["query_id", "candidate_id", "event_timestamp"]).to_pylist():
        query = queries[row["query_id"]]
        assert row["event_timestamp"] == query["event_timestamp"]
        assert candidates[row["candidate_id"]] <= row["event_timestamp"]
        assert (row["candidate_id"][:2] == "jb") == (query["surface"] == "job_feed")
        assert actors[query["actor_id"]] <= query["event_timestamp"]


def test_every_interaction_is_about_a_job_or_a_client(world):
    rows = world[0]["interactions"]
    assert pc.all(pc.or_(rows["job_id"].is_valid(), rows["client_id"].is_valid())).as_py()
    assert 0 < rows["query_id"].null_count < rows.num_rows


def test_nothing_is_recorded_before_it_happens_or_after_the_export(world):
    for name, rows in world[0].items():
        assert pc.all(pc.greater_equal(rows["recorded_at"], rows["event_timestamp"])).as_py(), name
        assert pc.max(rows["recorded_at"]).as_py() <= SMALL.end
    clocks = (world[0]["interactions"][name].cast(pa.int64()) for name in ("recorded_at", "event_timestamp"))
    hours = pc.divide(pc.subtract(*clocks), 3_600_000_000)
    late = pc.mean(pc.greater(hours, 0).cast(pa.float64())).as_py()
    assert 0.01 < late < 0.08


def test_ranks_count_from_one_without_gaps(world):
    rows = world[0]["impressions"].group_by("query_id").aggregate([("rank", "max"), ("rank", "count"), ("rank", "min")])
    assert rows["rank_max"].to_pylist() == rows["rank_count"].to_pylist()
    assert set(rows["rank_min"].to_pylist()) == {1}
    assert max(rows["rank_count"].to_pylist()) <= 25


def test_propensity_stands_exactly_on_the_randomised_slice(world):
    rows = world[0]["impressions"].select(["query_id", "placement", "propensity"]).to_pandas()
    explored = rows.placement == "exploration"
    assert (rows.propensity.notna() == explored).all()
    assert explored.any()
    whole = rows.groupby("query_id").placement.transform(lambda p: (p == "exploration").all())
    assert (whole == explored).all()
    sizes = rows.groupby("query_id").propensity.transform("size")
    assert np.allclose(rows.propensity[explored], 1 / sizes[explored])


def test_clicks_on_slates_are_on_candidates_that_were_not_off_screen(world):
    tables = world[0]
    feed = tables["interactions"].filter(pc.and_(pc.equal(tables["interactions"]["side"], "freelancer"),
                                                 pc.equal(tables["interactions"]["kind"], "click")))  # fmt: skip
    clicked = (
        feed.filter(feed["query_id"].is_valid())
        .select(["query_id", "job_id"])
        .rename_columns(["query_id", "candidate_id"])
    )
    joined = clicked.join(
        tables["impressions"].select(["query_id", "candidate_id", "viewed"]), ["query_id", "candidate_id"]
    )
    assert joined.num_rows == clicked.num_rows > 0
    assert False not in joined["viewed"].to_pylist()
    assert 0 < tables["impressions"]["viewed"].null_count < tables["impressions"].num_rows


def test_no_latent_column_reaches_the_tables_and_the_truth_lies_beside(world):
    tables, truth_dir, _ = world
    latent = {
        name
        for file in ("freelancers", "jobs", "impressions")
        for name in pq.read_schema(truth_dir / f"{file}.parquet").names
    }
    shared = {"freelancer_id", "job_id", "query_id", "candidate_id", "skills", "category", "hours_per_week"}
    assert not (latent - shared) & {column for rows in tables.values() for column in rows.schema.names}
    truth = pq.read_table(truth_dir / "impressions.parquet")
    assert truth.select(["query_id", "candidate_id"]).equals(tables["impressions"].select(["query_id", "candidate_id"]))
    assert truth.schema.field("true_relevance").type == pa.float32()
    assert 0 <= pc.min(truth["true_relevance"]).as_py() <= pc.max(truth["true_relevance"]).as_py() <= 4
    assert json.loads((truth_dir / "world.json").read_text())["click_model"] == "position_trust"


def test_profiles_are_noisy_missing_and_partly_false(world):
    tables, truth_dir, _ = world
    listed = {row["freelancer_id"]: row for row in reversed(tables["freelancers"].to_pylist())}
    held = {
        row["freelancer_id"]: set(row["skills"]) for row in pq.read_table(truth_dir / "freelancers.parquet").to_pylist()
    }
    names = set().union(*held.values())
    false = [one for one, row in listed.items() if (set(row["skills"]) & names) - held[one]]
    assert len(false) > 100
    assert all(tables["freelancers"][column].null_count for column in ("category", "city", "hourly_rate_usd", "region"))


def test_jobs_and_profiles_have_later_versions(world):
    tables = world[0]
    assert {"open", "closed", "filled"} <= set(tables["jobs"]["status"].to_pylist())
    rates = tables["freelancers"].group_by("freelancer_id").aggregate([("title", "count_distinct")])
    assert pc.max(rates["title_count_distinct"]).as_py() > 1
    assert len(set(tables["freelancers"]["agency_id"].drop_null().to_pylist())) > 1


def test_hires_never_exceed_openings(world):
    tables = world[0]
    openings = dict(zip(tables["jobs"]["job_id"].to_pylist(), tables["jobs"]["openings"].to_pylist(), strict=True))
    hired = (
        tables["interactions"]
        .filter(pc.equal(tables["interactions"]["kind"], "hire"))["job_id"]
        .drop_null()
        .to_pylist()
    )
    assert hired
    assert all(hired.count(job) <= openings[job] for job in set(hired))


def test_weekends_are_quieter(world):
    days = pc.day_of_week(world[0]["queries"]["event_timestamp"]).to_numpy()
    counts = np.bincount(days, minlength=7)
    assert counts[5:].mean() < 0.75 * counts[:5].mean()


def test_strong_logging_and_cascade_live_too(tmp_path):
    config = SimulatorConfig(
        freelancers=120, jobs=80, impressions=3_000, days=30, logging_policy="strong", click_model="cascade"
    )
    tables, _, report = live(config, tmp_path)
    assert set(tables) == set(TABLES)
    assert report.click_model == "cascade"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"jobs": 1}, "jobs=1"),
        ({"days": 3}, "days=3"),
        ({"seed": -1}, "seed=-1"),
        ({"clients": 0}, "clients=0"),
        ({"end": datetime(2026, 3, 1)}, "time zone"),
        ({"click_model": "random"}, "position, position_trust, cascade"),
        ({"logging_policy": "none"}, "weak, strong"),
        ({"randomised_share": 0.99}, "use 0 to 0.95"),
    ],
)
def test_impossible_worlds_are_refused_by_name(change, error):
    with pytest.raises((InputError, UnknownNameError), match=error):
        SimulatorConfig(**change)


def test_blocks_of_days_hold_what_one_block_holds(world, tmp_path, monkeypatch):
    monkeypatch.setattr(handover, "BLOCK_ROWS", 700)
    blocks: list[tuple[str, pa.Table]] = []
    simulate(SMALL, lambda name, rows: blocks.append((name, rows)), tmp_path)
    assert len(blocks) > 3 * len(TABLES)
    assert [name for name, _ in blocks[:3]] == ["clients", "freelancers", "jobs"]
    for name, whole in world[0].items():
        assert pa.concat_tables([rows for own, rows in blocks if own == name]).equals(whole), name
    days = [set(rows["event_timestamp"].cast(pa.date32()).to_pylist()) for name, rows in blocks if name == "queries"]
    assert sum(map(len, days)) == len(set.union(*days))  # a day is never torn apart


def test_what_a_killed_simulation_laid_aside_does_not_stay(tmp_path):
    left = tmp_path / DAYS / "queries.arrows"
    left.parent.mkdir()
    left.write_bytes(b"half")
    live(SimulatorConfig(freelancers=60, jobs=40, impressions=600, days=14), tmp_path)
    assert not left.parent.exists()


def test_end_is_a_fixed_date_by_default():
    assert SimulatorConfig().end == datetime(2026, 3, 1, tzinfo=UTC)


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def test_the_simulator_imports_only_the_contract_and_the_errors():
    allowed = {
        "metier.contract",
        "metier.errors",
        "numpy",
        "numpy.typing",
        "pyarrow",
        "pyarrow.compute",
        "pyarrow.parquet",
    }
    for path in (ROOT / "components/simulator").glob("*.py"):
        outside = {name for name in imports_of(path) if not name.startswith("components.simulator")}
        assert {name for name in outside - allowed if name.split(".")[0] not in sys.stdlib_module_names} == set(), path


def test_only_the_evaluation_reads_the_truth():
    allowed = re.compile(
        r"metier/(settings|cli/\w+)\.py|components/(evaluate_ensemble\.py|evaluation/.*|simulator/.*|privacy/forget_places\.py)"
    )  # the last one erases what names a person, and learns nothing from it
    readers = [
        str(path.relative_to(ROOT))
        for package in ("metier", "feature_repo", "components", "pipelines")
        for path in (ROOT / package).rglob("*.py")
        if re.search(r"\.truth\b|true_relevance", path.read_text(encoding="utf-8"))
    ]
    assert [path for path in readers if not allowed.fullmatch(path)] == []
