"""A million training rows joined with three feature views through Feast: seconds, peak memory, and whether it is right.

The join runs in a process of its own, so that its peak is its own; a sample of rows is compared with a search through
every version of the row's key. Exits with status 1 above 4 GiB or at the first difference.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

VIEWS = ("freelancer_profile", "freelancer_activity", "freelancer_history")
VERSIONS = {"freelancer_profile": 200_000, "freelancer_activity": 1_500_000, "freelancer_history": 500_000}
FREELANCERS = 100_000
DAYS = 180
START = datetime(2026, 1, 1, tzinfo=UTC)
LIMIT_GIB = 4.0
SAMPLE = 2_000
TIMESTAMP = pa.timestamp("us", tz="UTC")


def main() -> None:
    """Generate, join, compare, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="training rows")
    parser.add_argument("--out", type=Path, help="write the figures as JSON here")
    parser.add_argument("--join", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.join:
        join(arguments.join)
        return
    with tempfile.TemporaryDirectory(prefix="asof_join_") as name:
        folder = Path(name)
        generate(folder, arguments.rows)
        command = [sys.executable, __file__, "--join", str(folder)]
        figures = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.splitlines()[-1])
        figures["differences"] = differences(folder)
    figures["within_limit"] = figures["peak_gib"] <= LIMIT_GIB
    report(figures)
    if arguments.out:
        arguments.out.write_text(json.dumps(figures, indent=2) + "\n")
    sys.exit(0 if figures["within_limit"] and not figures["differences"] else 1)


def join(folder: Path) -> None:
    """The measured process: prints its figures as one line of JSON, leaves the sampled rows in the folder."""
    from feature_repo.client import FeatureStoreClient
    from metier.settings import Settings

    client = FeatureStoreClient(Settings(home=folder))
    client.apply()
    rows = pq.read_table(folder / "rows.parquet")
    before, wall, cpu = peak_gib(), time.perf_counter(), time.process_time()
    joined = client.training_features(rows, VIEWS)
    figures = {
        "rows": joined.num_rows,
        "columns": joined.num_columns,
        "versions": VERSIONS,
        "seconds": round(time.perf_counter() - wall, 2),
        "cpu_seconds": round(time.process_time() - cpu, 2),
        "peak_gib_before": round(before, 2),
        "peak_gib": round(peak_gib(), 2),
        "answer_gib": round(joined.nbytes / 2**30, 2),
    }
    if not joined["row"].equals(rows["row"]):
        raise SystemExit("the rows changed their order")
    sampled = np.sort(np.random.default_rng(1).choice(joined.num_rows, min(SAMPLE, joined.num_rows), replace=False))
    pq.write_table(joined.take(pa.array(sampled)), folder / "sample.parquet")
    print(json.dumps(figures))


def peak_gib() -> float:
    """Peak resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def generate(folder: Path, rows: int) -> None:
    """Three tables of versions, ties among them, and the training rows; some keys have no version."""
    from feast.types import from_feast_to_pyarrow_type

    from feature_repo import definitions

    random = np.random.default_rng(0)
    (folder / "features").mkdir()
    for name in VIEWS:
        count = VERSIONS[name]
        columns = {"freelancer_id": identifiers(random, count), **clocks(random, count)}
        for field in getattr(definitions, name).features:
            columns[field.name] = values(random, from_feast_to_pyarrow_type(field.dtype), count)
        (folder / "features" / name).mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(columns), folder / "features" / name / "versions.parquet")
    keys = pa.table({"row": np.arange(rows), "freelancer_id": identifiers(random, rows)})
    moments = pa.array(moments_between(random, rows), TIMESTAMP)
    pq.write_table(keys.append_column("event_timestamp", moments), folder / "rows.parquet")


def identifiers(random: np.random.Generator, count: int) -> pa.Array:
    """Freelancers, a few of them very busy."""
    chosen = np.minimum(random.pareto(1.5, count) * FREELANCERS / 10, FREELANCERS - 1).astype(int)
    return pa.array([f"freelancer-{number:06d}" for number in range(FREELANCERS)]).take(pa.array(chosen))


def moments_between(random: np.random.Generator, count: int) -> Any:
    """Microseconds since 1970, whole minutes so that there are ties."""
    return int(START.timestamp()) * 10**6 + random.integers(0, DAYS * 1440, count) * 60 * 10**6


def clocks(random: np.random.Generator, count: int) -> dict[str, pa.Array]:
    """Event timestamps in order; one version in ten is recorded up to two days later."""
    happened = np.sort(moments_between(random, count))
    late = random.integers(0, 2 * 86_400, count) * 10**6 * (random.random(count) < 0.1)
    return {"event_timestamp": pa.array(happened, TIMESTAMP), "recorded_at": pa.array(happened + late, TIMESTAMP)}


def values(random: np.random.Generator, kind: pa.DataType, count: int, nulls: float = 0.05) -> pa.Array:
    """Values of a type; a share of them is null, lists hold up to 20 values, none of them null."""
    if pa.types.is_list(kind):
        lengths = np.minimum(random.geometric(0.12, count) - 1, 20)
        offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
        return pa.ListArray.from_arrays(offsets, values(random, kind.value_type, int(lengths.sum()), 0.0)).cast(kind)
    absent = random.random(count) < nulls
    if pa.types.is_string(kind):
        words = pa.array([f"word number {number}" for number in range(5_000)])
        return words.take(pa.array(random.integers(0, 5_000, count), mask=absent))
    if pa.types.is_floating(kind):
        return pa.array(random.random(count), mask=absent).cast(kind)
    return pa.array(random.integers(0, 2**40, count), mask=absent).cast(kind)


def differences(folder: Path) -> int:
    """Sampled values that a search through every version of the row's key does not find."""
    sample = pq.read_table(folder / "sample.parquet").to_pylist()
    wrong = 0
    for name in VIEWS:
        table = pq.read_table(folder / "features" / name)
        features = table.column_names[3:]
        versions = versions_by_key(table, {row["freelancer_id"] for row in sample})
        for row in sample:
            index = newest(versions[row["freelancer_id"]], row["event_timestamp"])
            expected = table.slice(index, 1).to_pylist()[0] if index is not None else dict.fromkeys(features)
            wrong += sum(
                to_the_second(row[f"{name}__{feature}"]) != to_the_second(expected[feature]) for feature in features
            )
    return wrong


def versions_by_key(table: pa.Table, keys: set[str]) -> dict[str, list[tuple[Any, Any, int]]]:
    """(event_timestamp, recorded_at, place) of the versions of each key."""
    versions = defaultdict(list)
    columns = (table[name].to_pylist() for name in ("freelancer_id", "event_timestamp", "recorded_at"))
    for index, (key, happened, recorded) in enumerate(zip(*columns, strict=True)):
        if key in keys:
            versions[key].append((happened, recorded, index))
    return versions


def newest(versions: list[tuple[Any, Any, int]], moment: Any) -> int | None:
    """Place of the newest version that had happened and was recorded by then."""
    visible = [version for version in versions if version[0] <= moment and version[1] <= moment]
    return max(visible)[2] if visible else None


def to_the_second(value: Any) -> Any:
    """Timestamps are compared by the second, as the online store holds them."""
    return value.replace(microsecond=0) if isinstance(value, datetime) else value


def report(figures: dict[str, Any]) -> None:
    """Print the figures for a person."""
    verdict = "within" if figures["within_limit"] else "ABOVE"
    print(f"rows                {figures['rows']:>12,}   columns {figures['columns']}")
    for name, count in figures["versions"].items():
        print(f"{name:<20}{count:>12,} versions")
    print(f"seconds             {figures['seconds']:>12.2f}   of CPU {figures['cpu_seconds']:.2f}")
    print(f"peak memory, GiB    {figures['peak_gib']:>12.2f}   {verdict} the limit of {LIMIT_GIB:.0f}")
    print(f"the answer, GiB     {figures['answer_gib']:>12.2f}")
    print(f"differences         {figures['differences']:>12}   in {SAMPLE:,} rows, every feature")


if __name__ == "__main__":
    main()
