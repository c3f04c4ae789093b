"""Features side by side, in turns: joins, candidate snapshot and materialization against Feast's own. JSON out.

    make bench SUITE=features                            everything: about half an hour
    make bench SUITE=features ARGS="--only asof --rounds 3"

Each store works in a process of its own; CPU is that of the process, its children and the Valkey server. Answers are
compared, and the exit status is 1 where one differs: a ratio of wrong answers says nothing.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from harness import feature_tasks
from harness.feature_worlds import key_of, names_of, write_entities, write_versions
from harness.home import keep
from harness.turns import Figures, answer_tasks, in_turns, summary, worker

SUITES = ("asof", "snapshot", "materialization")
JOINED = {"freelancer_profile": ("asof", "duckdb"), "freelancer_activity": ("asof", "duckdb", "dask")}
"""Words and lists, which take dask hours, and numbers."""
TARGETS = {"asof": 8.0, "snapshot": 100.0}
"""The least ratio of the CPU of Feast's own stores (duckdb; online) to that of the stores here."""
CANDIDATES = (100, 500)


def main() -> int:
    """Measure what is asked for, print it, write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=SUITES, action="append", help="one suite (may be given again)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each, in turns (default 5)")
    parser.add_argument("--rows", type=int, default=100_000, help="entity rows of a join (default 100,000)")
    parser.add_argument("--versions", type=int, default=500_000, help="feature rows of a table (default 500,000)")
    parser.add_argument("--keys", type=int, default=5_000, help="freelancers who share them (default 5,000)")
    parser.add_argument("--jobs", type=int, default=10_000, help="candidates of the snapshot (default 10,000)")
    parser.add_argument("--out", type=Path, help="JSON (default: METIER_HOME/reports/benchmarks/features.json)")
    parser.add_argument("--work", nargs=3, metavar=("TASKS", "STORE", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    sys.path[:] = [path for path in sys.path if path != str(Path(__file__).resolve().parent)]  # else we are `serving`
    if arguments.work:
        tasks, store, folder = arguments.work
        answer_tasks(getattr(feature_tasks, tasks)(store, Path(folder)))
    if find_spec("ibis") is None:
        say("error: Feast's duckdb store needs ibis-framework; install requirements.lock")
        return 1
    result: Figures = {"cpus": os.cpu_count(), "load_average": os.getloadavg()}
    for suite in arguments.only or SUITES:
        with tempfile.TemporaryDirectory(prefix="metier-bench-") as folder:
            result[suite] = RUN[suite](arguments, Path(folder))
    print(table(result))
    keep(result, "features", arguments.out)
    return 1 if any(case["differences"] for suite in SUITES for case in result.get(suite, ())) else 0


def working(stack: ExitStack, tasks: str, store: str, folder: Path) -> Callable[..., Figures]:
    """A process of this benchmark that does `tasks` on a store."""
    return stack.enter_context(worker((sys.executable, __file__, "--work", tasks, store, str(folder))))


def asof(arguments: argparse.Namespace, home: Path) -> list[Figures]:
    """get_historical_features through each offline store, of a view of words and lists and of one of numbers."""
    cases = []
    for view, compared in JOINED.items():
        folder = home / view
        folder.mkdir()
        names = names_of(key_of(view), arguments.keys)
        write_versions(folder, view, names, arguments.versions, seed=0)
        write_entities(folder / "entities.parquet", key_of(view), names, arguments.rows)
        with ExitStack() as stack:
            stores = {name: working(stack, "joins", name, folder) for name in compared}
            for ask in stores.values():
                ask("join", view=view, keep=True)
            calls = {name: partial(_nth, ask, "join", view=view) for name, ask in stores.items()}
            rounds = in_turns(calls, arguments.rounds, say)
        versions = f"{arguments.versions:,} of {view}, {arguments.versions // arguments.keys} versions a key"
        what = f"{arguments.rows:,} rows x {versions}"
        cases.append({"what": what, **summary(rounds, "asof"), "differences": join_differences(folder, compared[1:])})
    return cases


def join_differences(folder: Path, stores: Sequence[str]) -> list[str]:
    """Columns whose values differ from the ASOF store's; dask may drop rows whose features are all null."""
    expected, differing = pq.read_table(folder / "asof.parquet"), []
    for name in stores:
        actual = pq.read_table(folder / f"{name}.parquet").sort_by("row")
        joined = expected.take(actual["row"])
        if name == "duckdb" and len(joined) != len(expected):
            differing.append(f"{name}: {len(joined)} of {len(expected)} rows")
        lost = expected.filter(pa.array(~np.isin(expected["row"].to_numpy(), actual["row"].to_numpy())))
        features = [column for column in expected.column_names if "__" in column]
        differing += [
            f"{name}: rows lost that have {column}" for column in features if lost[column].null_count < len(lost)
        ]
        differing += [f"{name}: {column}" for column in features if not actual[column].equals(joined[column])]
    return differing


def snapshot(arguments: argparse.Namespace, folder: Path) -> list[Figures]:
    """CandidateSnapshot.values against get_online_features, some candidates of one release at a time."""
    cases = []
    feature_tasks.write_candidates(folder, arguments.jobs)
    with ExitStack() as stack:
        server = stack.enter_context(feature_tasks.valkey(folder))
        (folder / feature_tasks.VALKEY_URL).write_text(server)
        stores = {name: working(stack, "lookups", name, folder) for name in ("sqlite", "valkey", "snapshot")}
        for ask in stores.values():
            ask("load")
        for size in CANDIDATES:
            compared = {name: ask("values", size=size, seed=0) for name, ask in stores.items()}
            calls = {name: partial(_nth, ask, "look_up", size=size) for name, ask in stores.items()}
            rounds = in_turns(calls, arguments.rounds, say)
            differing = [
                f"{name}: {column}"
                for name in ("sqlite", "valkey")
                for column, digest in compared["snapshot"].items()
                if compared[name].get(column) != digest
            ]
            what = f"{size} of {arguments.jobs:,} candidates x {feature_tasks.FEATURES} features"
            cases.append({"what": what, **summary(rounds, "snapshot"), "differences": differing})
    return cases


def materialization(arguments: argparse.Namespace, folder: Path) -> list[Figures]:
    """store.materialize of one view into SQLite through the two offline stores: a row a key."""
    view, keys = "freelancer_activity", 4 * arguments.keys
    names = names_of(key_of(view), keys)
    write_versions(folder, view, names, arguments.versions, seed=0)
    with ExitStack() as stack:
        stores = {name: working(stack, "loads", name, folder) for name in ("asof", "duckdb")}
        calls = {name: partial(_nth, ask, "materialize", view=view) for name, ask in stores.items()}
        rounds = in_turns(calls, arguments.rounds, say)
        online = {name: ask("values", view=view, keys=keys) for name, ask in stores.items()}
    figures = summary(rounds, "asof")
    for name, medians in figures["medians"].items():
        medians["rows_per_second"] = keys / medians["wall_ms"] * 1e3
        say(f"materialization, {name}: {medians['rows_per_second']:,.0f} rows per second")
    differing = [] if online["asof"] == online["duckdb"] else ["online values"]
    return [{"what": f"{keys:,} keys of {arguments.versions:,} versions", **figures, "differences": differing}]


RUN = {"asof": asof, "snapshot": snapshot, "materialization": materialization}


def _nth(ask: Callable[..., Figures], task: str, number: int, **arguments: Any) -> Figures:
    """One round's figures; lookups draw other candidates every round."""
    return ask(task, **arguments, **({"seed": number + 1} if task == "look_up" else {}))


def table(result: Figures) -> str:
    """The result for people."""
    lines = []
    for suite in (name for name in SUITES if name in result):
        for case in result[suite]:
            lines += ["", f"{suite}: {case['what']}"]
            lines.append(
                f"  {'':<10}{'CPU ms':>12}{'wall ms':>12}{'GiB':>7}   CPU and wall, times ours [lowest, highest]"
            )
            for name, medians in case["medians"].items():
                cells = (
                    f"  {name:<10}{medians['cpu_ms']:>12,.2f}{medians['wall_ms']:>12,.2f}{medians['peak_gib']:>7.2f}"
                )
                lines.append(cells + _ratios(case["times_ours"].get(name)) + _rate(medians))
            lines += [f"  DIFFERENT: {difference}" for difference in case["differences"]] or ["  all answers equal"]
            lines += [_verdict(suite, case)] if suite in TARGETS else []
    busy = ", ".join(f"{load:.1f}" for load in result["load_average"])
    return "\n".join([*lines, "", f"{result['cpus']} CPUs, load {busy} at the start; medians of rounds in turns"])


def _ratios(times: Figures | None) -> str:
    cells = [f"{m:,.1f} [{low:,.1f}, {high:,.1f}]" for m, low, high in times.values()] if times else []
    return "   " + "  ".join(cells)


def _rate(medians: Figures) -> str:
    return f"  {medians['rows_per_second']:,.0f} rows/s" if "rows_per_second" in medians else ""


def _verdict(suite: str, case: Figures) -> str:
    others = {"asof": ("duckdb",), "snapshot": ("sqlite", "valkey")}[suite]
    least = min(case["times_ours"][name]["cpu_ms"][0] for name in others)
    reached = "reached" if least >= TARGETS[suite] else "NOT REACHED"
    return f"  wanted {TARGETS[suite]:.0f} times less CPU than {' and '.join(others)}: {least:,.1f}, {reached}"


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
