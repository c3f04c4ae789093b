"""Whether the evidence for a first champion has the sign of the truth, in simulated worlds.

    python benchmarks/quality/first_champion.py [--worlds 3] [--impressions 100000] [--out FILE]

Each world logs slates of a policy with a bias of position and trust, or of a cascade. A challenger that orders them as
they were logged is compared with rankers that know more of the truth, or less: by the true relevance of every pair, by
what was observed, and corrected for examination as it is estimated from that log. `right` counts corrected differences
that lie on the true side or cannot tell; `holds` those whose interval holds the true difference.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.evaluation.logged_slates import ScoredSlates, sections
from components.evaluation.truth import true_relevance
from components.measures import Interval
from components.simulator import SimulatorConfig, simulate
from components.training_sets import RankingDataset, TracedDataset
from components.training_sets.dataset.examined import examined
from components.training_sets.labels import labels
from metier.contract import SURFACES, Surface
from metier.durable import write_whole
from metier.lake import Lake
from metier.stored import as_plain

CLICK_MODELS = ("position_trust", "cascade")
NOISE = (3.0, 1.0)
"""Of the rankers that the logged order is compared with, in grades of relevance: none, little and much is known."""
UNUSED = ("popularity", "trees")


@dataclass(frozen=True)
class Compared:
    """The logged order minus another ranker, on one surface of one world."""

    world: str
    surface: Surface
    against: str
    source: str
    """Of examination; empty where nobody can tell, and then there is no corrected difference."""
    true: Interval
    observed: Interval
    corrected: Interval | None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=3)
    parser.add_argument("--impressions", type=int, default=100_000)
    parser.add_argument("--out", type=Path, default=None)
    arguments = parser.parse_args()
    rows = [
        row
        for model in CLICK_MODELS
        for seed in range(arguments.worlds)
        for row in study(SimulatorConfig(seed=seed, impressions=arguments.impressions, click_model=model))
    ]
    for row in rows:
        print(rendered(row))
    told = [row for row in rows if row.corrected]
    figures = {"rows": len(rows), "told": len(told), "right": sum(map(right, told)), "holds": sum(map(holds, told))}
    figures["observed_wrong"] = sum(row.true.below_zero and row.observed.above_zero for row in rows)
    print(json.dumps(figures))
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        write_whole(arguments.out, json.dumps(figures | {"compared": [as_plain(row) for row in rows]}, indent=1))
    return 0


def study(config: SimulatorConfig) -> Iterator[Compared]:
    """Every surface of one world."""
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(str(Path(folder) / "lake"))
        simulate(config, lambda name, rows: lake.append(name, rows), Path(folder))
        for surface in SURFACES:
            log = logged(lake, surface)
            yield from compared(f"{config.click_model} {config.seed}", surface, log, Path(folder))


def logged(lake: Lake, surface: Surface) -> TracedDataset:
    """Slates as they were shown, without features but for whether a text was typed."""
    rows = labels(lake, lake.as_of(), surface).rows
    rows = rows.filter(pc.and_(pc.not_equal(rows["placement"], "promoted"), rows["mature"]))
    with lake.connect(lake.as_of()) as connection:
        texts = connection.sql("SELECT query_id FROM queries WHERE text IS NOT NULL").to_arrow_table()["query_id"]
    typed = pc.is_in(rows["query_id"], value_set=texts.combine_chunks()).to_numpy(zero_copy_only=False)
    dataset = RankingDataset(
        typed.astype(np.float32)[:, None],
        rows["relevance"].to_numpy(),
        rows["query_id"].to_pylist(),
        ("request_typed",),
        rank=rows["rank"].to_numpy(),
        propensity=rows["propensity"].cast(pa.float32()).to_numpy(zero_copy_only=False),
    )
    return TracedDataset(dataset, rows, {})


def compared(world: str, surface: Surface, log: TracedDataset, truth: Path) -> Iterator[Compared]:
    """The logged order against rankers that know the truth with noise, and against one that knows nothing."""
    relevance = true_relevance(truth, log.rows["query_id"], log.rows["candidate_id"])
    random, shown = np.random.default_rng(0), -np.asarray(log.dataset.rank, dtype=np.float64)
    others = {"chance": random.random(len(relevance))}
    others |= {f"noise {noise:g}": relevance + random.normal(0, noise, len(relevance)) for noise in NOISE}
    seen = examined(log).examination
    for against, score in others.items():
        scores = dict.fromkeys(("logged order", "ensemble", *UNUSED), shown) | {"retrieval": score}
        slates = ScoredSlates(log, scores, "retrieval", ("trees",), seen)
        found = {
            part.title.split()[0]: next(row.interval for row in part.compared if row.against == "retrieval")
            for part in sections(slates, truth)
            if part.title in ("True relevance", "Observed relevance", "Corrected relevance")
        }
        source = seen.source if seen else ""
        yield Compared(world, surface, against, source, found["True"], found["Observed"], found.get("Corrected"))


def right(row: Compared) -> bool:
    """Whether the corrected difference lies on the true side, or cannot tell."""
    if row.corrected is None:
        return True
    return not ((row.corrected.above_zero and row.true.value < 0) or (row.corrected.below_zero and row.true.value > 0))


def holds(row: Compared) -> bool:
    """Whether the interval of the corrected difference holds the true one."""
    return row.corrected is not None and row.corrected.low <= row.true.value <= row.corrected.high


def rendered(row: Compared) -> str:
    """One line for a person."""
    kinds = (("true", row.true), ("observed", row.observed), ("corrected", row.corrected))
    figures = (f"{kind} {of.value:+.3f} [{of.low:+.3f}, {of.high:+.3f}]" for kind, of in kinds if of)
    return f"{row.world:<18}{row.surface:<18}{row.against:<9}{', '.join(figures)} ({row.source or 'nobody can tell'})"


if __name__ == "__main__":
    sys.exit(main())
