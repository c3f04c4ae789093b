"""Full ranking of organic targets out of a small home, by the steps' own library."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.evaluation import organic
from components.training_sets.build import POSITIVES_FILE, build
from components.training_sets.plan import Study
from components.training_sets.pseudo_queries import FOREVER, CandidatePool
from feature_repo.build.feature_tables import VECTORS
from feature_repo.texts import TextVectors
from metier.settings import Settings
from tests.components.training_sets.organic_log import AS_OF, click, day, featured, organic_log

STUDY = Study("job_feed", "leave_last_out")
JOBS = ("J", "K", "L", "M")


class FirstFeature:
    """A ranker that orders by its first feature."""

    def score(self, features):
        return np.nan_to_num(features[:, 0])


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The home, its store and its held-out folder, as a build wrote it that knew nothing of unknown candidates."""
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    organic_log(settings, [click("F", "gone", 9), click("H", "gone", 2)])
    store = featured(settings)
    folders = [settings.home / name for name in ("train", "validation", "held_out")]
    build(STUDY, settings, AS_OF, *folders)
    path = folders[2] / POSITIVES_FILE
    positives = pq.read_table(path)
    strange = positives.slice(0, 2).set_column(
        positives.column_names.index("candidate_id"), "candidate_id", pa.array(["gone", "gone"])
    )
    marks = [("is_test", [True, False]), ("is_train", [False, True])]
    for name, values in marks:
        strange = strange.set_column(strange.column_names.index(name), name, pa.array(values))
    pq.write_table(pa.concat_tables([positives, strange]), path)
    return settings, store, folders[2]


def ranked(home, lines, since=None):
    settings, store, held_out = home
    there = np.full(len(JOBS), -FOREVER) if since is None else since
    catalogue = organic.Catalogue(JOBS, {"tf-idf": [f"{job} wanted" for job in JOBS]}, there)
    sources = organic.Sources(
        store,
        TextVectors.read(settings.features / VECTORS),
        lambda surface, queries: np.zeros((queries.num_rows, len(JOBS)), np.float32),
        lines.append,
    )
    return organic.score_everything(STUDY, held_out, catalogue, {"ensemble": FirstFeature()}, sources)


def test_targets_and_history_of_candidates_that_the_lake_lacks_are_left_out(home):
    # F, G and H have two known jobs or more; their last ones are held out.
    found = ranked(home, [])
    assert found.ranking.actors == ("F", "G", "H")
    assert [JOBS[target] for target in found.ranking.target] == ["L", "M", "L"]
    assert found.scores["popularity"].shape == found.scores["ensemble"].shape == (3, 4)
    # Clicks that are no target: J by F and G, K by F, G and H, M by I; both clicks on L are targets.
    assert found.scores["popularity"][0].tolist() == [2, 3, 0, 1]


def test_a_section_has_an_interval_for_every_scorer(home):
    section = organic.section(STUDY, ranked(home, []), "title", "note", protocol_pool=True)
    assert {row.ranker for row in section.measured} == {"popularity", "item-to-item", "tf-idf", "retrieval", "ensemble"}
    assert dict(section.tables[0].rows)["actors"] == 3


def test_candidates_that_were_not_there_yet_are_not_ranked(home):
    """M is posted on day 4: after F clicked L on day 3, before H did on day 5; G's target it is whenever posted."""
    posted = np.array([-FOREVER, -FOREVER, -FOREVER, int(day(4).timestamp() * 1e6)])
    found = ranked(home, [], posted)
    assert found.absent.tolist() == [[False, False, False, True], [False] * 4, [False] * 4]
    section = organic.section(STUDY, found, "title", "note", protocol_pool=False)
    assert dict(section.tables[0].rows)["pairs left out, candidate not there yet"] == "8.3%"
    # J and K are F's history, so that L alone is left to be ranked and is hit whatever scores it.
    hits = {row.ranker: row.interval for row in section.measured if row.metric == "hr@10"}
    assert hits["retrieval"].value == 1


def test_a_candidate_is_there_from_its_first_span_on():
    pool = CandidatePool(("a", "b"), np.array([0, 0, 1]), np.array([7, 3, -FOREVER]), np.array([9, 5, FOREVER]))
    assert organic.there_since(("a", "b", "never listed"), pool).tolist() == [3, -FOREVER, FOREVER]


def test_progress_goes_to_whoever_asked_for_it_and_not_to_the_terminal(home, capsys):
    lines: list[str] = []
    ranked(home, lines)
    assert lines == ["ranked 0 of 3 actors"]
    assert capsys.readouterr().out == ""


def test_who_was_ranked_is_told_where_it_is_a_sample(home, monkeypatch):
    assert ranked(home, []).sample == ""
    monkeypatch.setattr(organic, "MOST_PAIRS", 8)
    sampled = ranked(home, [])
    assert sampled.sample == "2 of 3 test actors, drawn evenly at random, so that at most 8 pairs are ranked"
    section = organic.section(STUDY, sampled, "title", "How.", protocol_pool=False)
    assert section.note == f"How. Ranked: {sampled.sample}."
    assert dict(section.tables[0].rows)["actors"] == sampled.sample


def test_the_ensemble_is_compared_with_every_baseline_and_judged_by_the_strongest(home):
    section = organic.section(STUDY, ranked(home, []), "title", "note", protocol_pool=False)
    compared = {row.against for row in section.compared if row.metric == "hr@10"}
    assert {"popularity", "item-to-item", "tf-idf"} <= compared
    figures = {row.ranker: row.interval.value for row in section.measured if row.metric == "hr@10"}
    strongest = organic.strongest_baseline(section)
    assert figures[strongest] == max(figures[name] for name in ("popularity", "item-to-item", "tf-idf"))
