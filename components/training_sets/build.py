"""Build the train, validation and held-out sets of one study. Knows splits and labels; no ranker and no metric."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from components.measures.arrays import IntArray, Mask, run_starts
from components.training_sets.assemble import build_training_set, organic_training_set
from components.training_sets.budget import FEWEST_NEGATIVES, NEGATIVES, VALIDATION_SHARE, sample
from components.training_sets.dataset.examined import examined
from components.training_sets.dataset.traced import TracedDataset
from components.training_sets.leave_last_out import HeldOut, leave_last_out, time_split_actors
from components.training_sets.outcomes.maturity import censored, microseconds
from components.training_sets.plan import Study
from components.training_sets.positives import organic_positives, touched
from components.training_sets.pseudo_queries import candidate_pool, pseudo_queries
from components.training_sets.reading import text_reader, trained_taxonomy
from components.training_sets.split import time_split
from components.training_sets.unknown import known_candidates, of_known_candidates, unknown_candidates
from feature_repo.build.feature_tables import read_vectors
from feature_repo.client import FeatureStoreClient
from feature_repo.inputs.reading import TextReader
from feature_repo.inputs.schema import feature_schema_hash
from feature_repo.inputs.transforms import feature_names
from feature_repo.texts import Encoder, TextVectors
from metier.durable import write_whole
from metier.errors import EmptyDataError
from metier.lake import Lake
from metier.settings import Settings
from metier.stored import as_plain

SEED = 7
POSITIVES_FILE = "positives.parquet"
SAMPLES_FILE = "samples.json"
"""Beside the positives: which of them train and validate, as a report says it, by part."""


@dataclass(frozen=True)
class StudyReport:
    """What was built: its sizes by part, and what there is to know about unknown candidates."""

    study: Study
    rows: dict[str, int]
    queries: dict[str, int]
    unknown: tuple[str, ...] = ()
    sample: str = ""
    """Which organic positives train, with how many negatives; empty where impressions do."""

    def render(self) -> str:
        """One line for a person."""
        parts = ", ".join(f"{name} {self.queries[name]:,} queries" for name in self.queries)
        sample = (f"trains on {self.sample}",) if self.sample else ()
        return "; ".join((f"{self.study.surface} ({self.study.name}): {parts}", *sample, *self.unknown))


def build(
    study: Study, settings: Settings, as_of: datetime, train: Path, validation: Path, held_out: Path
) -> StudyReport:
    """Write the three sets of `study` to the given folders."""
    lake, store = Lake(settings.lake), FeatureStoreClient(settings)
    vectors = read_vectors(settings)
    if study.protocol == "logged_slates":
        reader = text_reader(study.surface, trained_taxonomy(settings, as_of))
        parts = _logged(study, lake, store, vectors, as_of, reader)
        parts["held_out"].write(held_out)
    else:
        parts = _organic(study, lake, store, vectors, as_of, held_out)
    parts["train"].write(train)
    parts["validation"].write(validation)
    return StudyReport(
        study,
        {name: len(part.dataset) for name, part in parts.items()},
        {name: part.dataset.n_queries for name, part in parts.items()},
        unknown_candidates(lake, study.surface, as_of),
        parts["train"].metadata.get("sample", ""),
    )


def _logged(
    study: Study, lake: Lake, store: FeatureStoreClient, vectors: TextVectors, as_of: datetime, reader: TextReader
) -> dict[str, TracedDataset]:
    """Impressions split by time, whole queries, with the gap of the last head to mature that grades relevance."""
    schema = feature_schema_hash(feature_names(study.surface), vectors.weights, Encoder.load().hash)
    traced = build_training_set(
        study.surface, lake, store, vectors, as_of, max_rows=study.most_rows, schema_hash=schema, read=reader
    )
    metadata, sizes = traced.metadata, traced.dataset.group_sizes
    split = time_split(
        traced.queries()["event_timestamp"],
        metadata["gap_days"],
        group_sizes=sizes,
        immature_rows=metadata["immature_rows"],
        last_shown=_last_shown(traced.rows["shown_at"], sizes),
    )
    metadata |= {
        "validation_start": split.validation_start.isoformat(),
        "test_start": split.test_start.isoformat(),
        "rows_left": split.rows_left,
        "examined": as_plain(examined(traced)),
        "warnings": [*([split.warning] if split.warning else []), *unknown_candidates(lake, study.surface, as_of)],
    }
    return {
        "train": known_by(traced.select_queries(split.train), split.validation_start),
        "validation": known_by(traced.select_queries(split.validation), split.test_start),
        "held_out": traced.select_queries(split.test),
    }


def known_by(traced: TracedDataset, moment: datetime) -> TracedDataset:
    """The same rows, their outcomes unknown where a head that was shown then had not matured by `moment`."""
    if traced.dataset.outcomes is None:
        return traced
    outcomes = censored(traced.dataset.outcomes, traced.rows["shown_at"], moment, traced.metadata["mature_days"])
    return replace(traced, dataset=replace(traced.dataset, outcomes=outcomes))


def _last_shown(shown_at: pa.ChunkedArray, sizes: IntArray) -> pa.Array:
    """When each query (n_queries,) showed the last of its rows."""
    return pa.array(np.maximum.reduceat(microseconds(shown_at), run_starts(sizes)))


def _organic(
    study: Study, lake: Lake, store: FeatureStoreClient, vectors: TextVectors, as_of: datetime, held_out: Path
) -> dict[str, TracedDataset]:
    """Organic positives with sampled negatives; the held-out folder gets the positives and which are test targets."""
    every = organic_positives(lake, study.surface, as_of)
    positives = of_known_candidates(every, known_candidates(lake, study.surface, as_of))
    if positives.num_rows == 0:
        raise EmptyDataError(f"no organic positive on {study.surface} by {as_of.isoformat()}; import interactions")
    split = leave_last_out(positives) if study.protocol == "leave_last_out" else time_split_actors(positives)
    _write_positives(positives, split, held_out)
    pool, seen = candidate_pool(lake, study.surface, as_of), touched(lake, study.surface, as_of)

    def part(mask: Mask, most: int, fewest_negatives: int) -> TracedDataset:
        rows = positives.filter(pa.array(mask))
        drawn = sample(rows, most, fewest_negatives)
        chosen = pseudo_queries(rows.filter(pa.array(drawn.chosen)), pool, seen, SEED, drawn.negatives)
        made = organic_training_set(study.surface, chosen, store, vectors, study.candidate_counts)
        return replace(made, metadata=made.metadata | {"sample": drawn.render()})

    validation = part(split.validation, int(VALIDATION_SHARE * study.most_rows), NEGATIVES)
    train = part(split.train, study.most_rows - len(validation.dataset), FEWEST_NEGATIVES)
    parts = {"train": train, "validation": validation}
    samples = {name: made.metadata["sample"] for name, made in parts.items()}
    write_whole(held_out / SAMPLES_FILE, json.dumps(samples, indent=1))
    return parts


def _write_positives(positives: pa.Table, split: HeldOut, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    marked = positives.append_column("is_test", pa.array(split.test)).append_column("is_train", pa.array(split.train))
    pq.write_table(marked, folder / POSITIVES_FILE)
