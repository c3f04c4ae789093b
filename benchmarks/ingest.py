"""Every importer on a million rows of its own making, beside pyarrow, DuckDB and pandas reading the same file.

Each runs in a process of its own, so that its peak is its own; the importers write the lake, the readers only read.
Exits with status 1 where an importer's counts do not add up, or where it takes fewer rows a CPU second than five times
the events a second that Metarank publishes (https://docs.metarank.ai/introduction/performance: 1,000 to 3,000).
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
from harness import unshadowed  # noqa: F401

FLOOR = 5 * 3_000
START = datetime(2026, 1, 1, tzinfo=UTC)
CLOCK = datetime(2026, 6, 1, tzinfo=UTC)
DAYS = 120
WORDS = (  # noqa: SIM905 - words to be read
    "build design paint mend weld garden tile plan write edit test ship draw cook clean teach sort film sing plaster "
    "brick copper glass slate timber paper linen silk clay steel stone roof wall floor door lawn hedge boat bridge"
).split()
CONSTANTS = "  visibility: {kind: constant, value: public}\n  status: {kind: constant, value: open}\n"
MAPPINGS = {
    "posts": "id: ref\njobs:\n  title: {from: headline, kind: text}\n  description: {from: body, kind: html}\n"
    "  skills: {from: tags, kind: list}\n  company: {from: employer, kind: text}\n"
    "  budget_max_usd: {from: pay, kind: money}\n  posted_at: {from: posted, kind: date}\n" + CONSTANTS,
    "people": "id: ref\nclock: 2026-05-31\nfreelancers:\n  title: {from: headline, kind: text}\n"
    "  overview: {from: body, kind: text}\n  skills: {from: tags, kind: list}\n"
    "  hourly_rate_usd: {from: pay, kind: rate}\n  city: {from: place, kind: text}\n"
    "  status: {kind: constant, value: listed}\n",
    "interactions": "interactions:\n  freelancer_id: {from: who, kind: text}\n  job_id: {from: what, kind: text}\n"
    "  kind: {from: did, kind: text, values: {view: click, like: save}}\n"
    "  event_timestamp: {from: at, kind: date}\n",
}
FILES = {
    "contract_csv": "csv/interactions.csv",
    "contract_parquet": "parquet/interactions.parquet",
    "posts": "posts.csv",
    "people": "people.csv",
    "interactions": "clicks.csv",
    "interactions_json": "clicks.jsonl",
    "events": "events/0.jsonl",
}
READERS = ("metier", "pyarrow", "duckdb", "pandas")
"""`metier` reads the file to rows of text as its importers do, without bringing them anywhere."""

Figures = dict[str, Any]


def main() -> None:
    """Generate, import, read, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of each file")
    parser.add_argument("--only", nargs="+", choices=FILES, default=list(FILES), help="importers to run")
    parser.add_argument("--rounds", type=int, default=3, help="times that each reader reads; the fastest counts")
    parser.add_argument("--out", type=Path, help="write the figures as JSON here")
    parser.add_argument("--task", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.task:
        print(json.dumps(measured(arguments.folder, *arguments.task)))
        return
    with tempfile.TemporaryDirectory(prefix="ingest_") as name:
        folder = Path(name)
        generate(folder, arguments.rows)
        figures = {name: compared(folder, name, arguments.rounds) for name in arguments.only}
    report(figures, arguments.rows)
    if arguments.out:
        arguments.out.write_text(json.dumps(figures, indent=2) + "\n")
    sound = all(each["import"]["rows"] == arguments.rows for each in figures.values())
    quick = all(arguments.rows / each["import"]["cpu_seconds"] >= FLOOR for each in figures.values())
    sys.exit(0 if sound and quick else 1)


def compared(folder: Path, name: str, rounds: int) -> Figures:
    """The importer's figures, and of each reader those of its fastest round, the readers in turns."""
    figures = {"bytes": (folder / FILES[name]).stat().st_size, "import": in_process(folder, "import", name)}
    turns = [{reader: in_process(folder, reader, name) for reader in READERS} for _ in range(rounds)]
    for reader in READERS:
        figures[reader] = min((turn[reader] for turn in turns), key=lambda each: each["cpu_seconds"])
    print(f"{name}: {json.dumps(figures)}", file=sys.stderr, flush=True)
    return figures


def in_process(folder: Path, task: str, name: str) -> Figures:
    """The figures of a task, measured in a process of its own."""
    command = [sys.executable, __file__, "--task", task, name, "--folder", str(folder)]
    return dict(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.splitlines()[-1]))


def measured(folder: Path, task: str, name: str) -> Figures:
    """Seconds, CPU seconds, and GiB that the task added to what the process held before."""
    call = importer(folder, name) if task == "import" else reader(folder / FILES[name], task)
    before, wall, cpu = peak_gib(), time.perf_counter(), time.process_time()
    rows = call()
    figures = {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
    return {"rows": rows, **figures, "peak_gib": peak_gib(), "peak_gib_before": before}


def peak_gib() -> float:
    """Peak resident memory of this program so far; getrusage would count what its parent held when it forked."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 2**20


def importer(folder: Path, name: str) -> Callable[[], int]:
    """The importer of the file into a new lake; it gives how many rows it counts."""
    from components.importers.contract_tables import read_contract_directory
    from components.importers.ingest import ingest
    from components.importers.logs.events import import_events
    from components.importers.mapped import interactions, people, posts
    from metier.lake import Lake

    file = folder / FILES[name]
    lake = Lake(str(folder / "lakes" / name))
    by_mapping = {
        "posts": posts.import_posts,
        "people": people.import_people,
        "interactions": interactions.import_interactions,
    }

    def bring() -> int:
        if name.startswith("contract"):
            reports = ingest(lake, read_contract_directory(file.parent), CLOCK)
        elif name == "events":
            reports = import_events(lake, file.parent, CLOCK)
        else:
            kind = name.removesuffix("_json")
            reports = by_mapping[kind](lake, file, folder / f"{kind}.yaml", CLOCK)
        return sum(table.written + table.duplicates + table.quarantined for table in reports.tables.values())

    return bring


def reader(file: Path, name: str) -> Callable[[], int]:
    """What reads the whole file to a table in memory; it gives how many rows it read."""
    import duckdb
    import pandas as pd
    import pyarrow.json as arrow_json

    from components.importers.files.file_format import FileFormat
    from components.importers.files.opening import open_rows

    kind = file.suffix.removeprefix(".")
    duckdb_reads = {"csv": "read_csv", "parquet": "read_parquet", "jsonl": "read_json"}[kind]
    arrow_reads = {"csv": arrow_csv.read_csv, "parquet": pq.read_table, "jsonl": arrow_json.read_json}[kind]
    pandas_reads = {
        "csv": pd.read_csv,
        "parquet": pd.read_parquet,
        "jsonl": lambda path: pd.read_json(path, lines=True),
    }[kind]
    return {
        "metier": lambda: sum(rows.num_rows for rows in list(open_rows(file, FileFormat()))),
        "pyarrow": lambda: arrow_reads(file).num_rows,
        "duckdb": lambda: duckdb.connect().sql(f"FROM {duckdb_reads}('{file}')").to_arrow_table().num_rows,
        "pandas": lambda: len(pandas_reads(file)),
    }[name]


def generate(folder: Path, rows: int) -> None:
    """The files of every importer and their mappings."""
    for name, mapping in MAPPINGS.items():
        (folder / f"{name}.yaml").write_text(mapping)
    for name in ("csv", "parquet", "events"):
        (folder / name).mkdir()
    random = np.random.default_rng(7)
    log = clicks(random, rows)
    arrow_csv.write_csv(log, folder / FILES["contract_csv"])
    pq.write_table(log, folder / FILES["contract_parquet"])
    texts = documents(random, rows)
    arrow_csv.write_csv(texts, folder / FILES["posts"])
    arrow_csv.write_csv(texts, folder / FILES["people"])
    seconds = pc.cast(log["event_timestamp"], pa.int64())
    seconds = pc.cast(pc.divide(seconds, 1_000_000), pa.string())
    named = pc.replace_substring(pc.replace_substring(log["kind"], "click", "view"), "save", "like")
    own = pa.table({"who": log["freelancer_id"], "what": log["job_id"], "did": named, "at": seconds})
    arrow_csv.write_csv(own, folder / FILES["interactions"])
    write_lines(folder / FILES["interactions_json"], own.to_pylist())
    moments = pc.strftime(log["event_timestamp"], "%Y-%m-%dT%H:%M:%SZ")
    told = log.set_column(log.schema.get_field_index("event_timestamp"), "event_timestamp", moments)
    told = told.append_column("recorded_at", moments)
    write_lines(folder / FILES["events"], ({"table": "interactions", "row": row} for row in told.to_pylist()))


def clicks(random: np.random.Generator, rows: int) -> pa.Table:
    """What freelancers did about jobs, in the contract's columns."""
    moments = np.sort(int(START.timestamp()) + random.integers(0, DAYS * 86_400, rows)) * 10**6
    kinds = pa.array(["click", "save", "apply"]).take(pa.array(random.choice(3, rows, p=[0.8, 0.15, 0.05])))
    return pa.table(
        {
            "interaction_id": pa.array([f"i{number:08d}" for number in range(rows)]),
            "kind": kinds,
            "side": pa.array(["freelancer"] * rows),
            "freelancer_id": pa.array([f"f{number}" for number in random.integers(0, 100_000, rows)]),
            "job_id": pa.array([f"j{number}" for number in random.integers(0, 200_000, rows)]),
            "event_timestamp": pa.array(moments, pa.timestamp("us", tz="UTC")),
        }
    )


def documents(random: np.random.Generator, rows: int) -> pa.Table:
    """Texts of three dozen words with what stands beside them in a post or a profile."""
    words = np.array(WORDS)
    bodies = [" ".join(row) for row in words[random.integers(0, len(words), (rows, 36))]]
    tags = [", ".join(row) for row in words[random.integers(0, len(words), (rows, 3))]]
    days = random.integers(1, 29, rows)
    return pa.table(
        {
            "ref": pa.array([f"r{number:07d}" for number in range(rows)]),
            "headline": pa.array([body[:30] for body in bodies]),
            "body": pa.array(bodies),
            "tags": pa.array(tags),
            "employer": pa.array([f"Company {number}" for number in random.integers(0, 5_000, rows)]),
            "place": pa.array([f"Town {number}" for number in random.integers(0, 500, rows)]),
            "pay": pa.array([f"${number}" for number in random.integers(10, 90, rows)]),
            "posted": pa.array([f"2026-03-{day:02d}" for day in days]),
        }
    )


def write_lines(path: Path, records: Any) -> None:
    """The records as JSON lines."""
    with path.open("w") as lines:
        lines.writelines(json.dumps(record) + "\n" for record in records)


def report(figures: dict[str, Figures], rows: int) -> None:
    """Print the figures for a person."""
    print(f"{rows:,} rows each; rows a second, with those of a CPU second in brackets; GiB at the peak")
    header = ("import", *READERS)
    print(f"{'':18}" + "".join(f"{name:>30}" for name in header))
    for name, each in figures.items():
        cells = (
            f"{rows / f['seconds']:>12,.0f} ({rows / f['cpu_seconds']:>10,.0f}) {f['peak_gib']:.2f}"
            for f in (each[reader] for reader in header)
        )
        print(f"{name:18}" + "".join(f"{cell:>30}" for cell in cells))
    for name, each in figures.items():
        duckdb_cpu = each["duckdb"]["cpu_seconds"]
        read, brought = duckdb_cpu / each["metier"]["cpu_seconds"], duckdb_cpu / each["import"]["cpu_seconds"]
        print(f"{name:18} reads at {read:.2f}, imports at {brought:.2f} of DuckDB's speed of reading, by CPU time")


if __name__ == "__main__":
    main()
