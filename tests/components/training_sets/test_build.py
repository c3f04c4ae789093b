"""The parts of a study: what of a data set stays when it is rebuilt, and what becomes of unknown candidates."""

import json
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.training_sets import RankingDataset, TracedDataset
from components.training_sets.build import POSITIVES_FILE, SAMPLES_FILE, build, known_by
from components.training_sets.plan import Study, plan
from components.training_sets.unknown import known_candidates, unknown_candidates
from metier.contract import TIMESTAMP
from metier.errors import EmptyDataError
from metier.lake import Lake
from metier.settings import Settings
from metier.stored import as_plain, from_plain
from tests.components.training_sets.organic_log import AS_OF, START, click, featured, organic_log


def test_outcomes_that_were_not_known_yet_leave_every_other_column_as_it_was():
    dataset = RankingDataset(
        np.arange(4, dtype=np.float32).reshape(2, 2),
        [1, 0],
        ["q", "q"],
        ("a", "b"),
        rank=[1, 2],
        propensity=[0.5, 0.25],
        outcomes={"hire": [1, 0]},
        weight=[2, 3],
    )
    queried = pa.array([START - timedelta(days=40)] * 2, TIMESTAMP)
    shown_at = pa.array([START, START - timedelta(days=30)], TIMESTAMP)
    rows = pa.table({"event_timestamp": queried, "shown_at": shown_at})
    # A hire takes 30 days from the impression, whenever the query was: on day 1 the first row's is unknown.
    traced = TracedDataset(dataset, rows, {"surface": "job_feed", "mature_days": {"hire": 30}})
    known = known_by(traced, START + timedelta(days=1)).dataset
    assert known.outcomes is not None
    assert np.array_equal(known.outcomes["hire"], [np.nan, 0], equal_nan=True)
    assert known.weight is not None
    assert known.weight.tolist() == [2, 3]
    assert known.propensity is not None
    assert known.propensity.tolist() == [0.5, 0.25]
    assert known.rank is not None
    assert known.rank.tolist() == [1, 2]


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Settings:
    """Organic clicks of four people, two of them on a job that the lake has no row of, with features and vectors."""
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    organic_log(settings, [click("F", "gone", 9), click("G", "gone", 4)])
    featured(settings)
    return settings


def test_interactions_with_unknown_candidates_are_no_positives_and_are_counted(home, tmp_path):
    study = Study("job_feed", "leave_last_out")
    report = build(study, home, AS_OF, *(tmp_path / name for name in ("train", "validation", "held_out")))
    assert report.render().endswith("; 2 interactions name unknown candidates: they are no positives")
    positives = pq.read_table(tmp_path / "held_out" / POSITIVES_FILE)
    assert "gone" not in positives["candidate_id"].to_pylist()
    train = TracedDataset.read(tmp_path / "train")
    assert "gone" not in train.rows["candidate_id"].to_pylist()
    assert known_candidates(Lake(home.lake), "job_feed", AS_OF).to_pylist() == ["J", "K", "L", "M"]


def test_a_log_of_unknown_candidates_alone_has_no_positive(tmp_path):
    settings = Settings(home=tmp_path)
    organic_log(settings, [click("F", "gone", 2)], jobs="")
    featured(settings)
    with pytest.raises(EmptyDataError, match="no organic positive"):
        build(Study("job_feed", "leave_last_out"), settings, AS_OF, *(tmp_path / name for name in "abc"))


def test_a_log_without_unknown_candidates_says_nothing_of_them(tmp_path):
    settings = Settings(home=tmp_path)
    organic_log(settings, [])
    assert unknown_candidates(Lake(settings.lake), "job_feed", AS_OF) == ()


def test_a_lake_without_data_for_any_surface_has_no_study_and_says_what_to_import(tmp_path):
    settings = Settings(home=tmp_path)
    organic_log(settings, [])  # fewer positives than an interval asks for
    with pytest.raises(EmptyDataError, match=r"no surface of job_feed, talent_search .* import more events"):
        plan(Lake(settings.lake), AS_OF, ["job_feed", "talent_search"])


def test_a_study_takes_as_many_rows_as_it_was_planned_with(home, tmp_path):
    # As a step gets it: kfp makes every number of a structure a float.
    study = from_plain(Study, as_plain(Study("job_feed", "leave_last_out")) | {"most_rows": 120.0})
    report = build(study, home, AS_OF, *(tmp_path / name for name in ("train", "validation", "held_out")))
    assert sum(report.rows.values()) <= 120
    samples = json.loads((tmp_path / "held_out" / SAMPLES_FILE).read_text())
    assert samples["train"] == report.sample
    assert "trains on" in report.render()
