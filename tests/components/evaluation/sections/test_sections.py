"""Sections beside the figures, on slates small enough to count by hand."""

import math

import numpy as np
import pytest

from components.evaluation.logged_slates import ScoredSlates, best_known
from components.evaluation.measure import QueryValues
from components.evaluation.report.document import Measured, Section
from components.evaluation.sections.beside import beside_table
from components.evaluation.sections.exposed import NEW, exposed_section
from components.evaluation.sections.off_policy import off_policy_section
from components.evaluation.sections.sliced import sliced_section
from components.measures import Interval
from components.training_sets import RankingDataset, TracedDataset
from tests.components.evaluation.test_logged_slates import SEEN, slates

ACTORS = np.array([f"f{number}" for number in range(24)])


def test_each_part_has_its_own_figure_difference_and_counts():
    """The ensemble is right everywhere, retrieval in the half that is web."""
    web = np.arange(24) < 12
    values = QueryValues({"ensemble": np.ones(24), "retrieval": web * 1.0}, np.ones(24), ACTORS)
    section = sliced_section("true", "ndcg@10", values, {"category": np.where(web, "web", "law")}, "retrieval")
    law, web_part = section.sliced
    assert (law.label, law.share, law.measured.interval.value, law.compared.interval.value) == ("law", 0.5, 1, 1)
    assert (web_part.compared.interval.value, web_part.compared.interval.n_actors) == (0, 12)


@pytest.mark.parametrize(
    ("truth", "examination", "kind"), [(True, SEEN, "true"), (False, SEEN, "corrected"), (False, None, "observed")]
)
def test_slices_are_of_the_best_relevance_that_is_known(truth_of, tmp_path, truth, examination, kind):
    told, values, queries = best_known(slates([], examination=examination), truth_of if truth else tmp_path)
    assert told == kind
    assert values.values["ensemble"].tolist() == [1, 1, 1, 1]
    assert queries.all()


def test_kinds_of_relevance_stand_side_by_side():
    def section(title, value, *rankers):
        interval = Interval(value, value - 0.1, value + 0.1, 9, 9)
        return Section(title, measured=tuple(Measured(ranker, "ndcg@10", interval) for ranker in rankers))

    observed, corrected = (
        section("Observed relevance", 0.6, "ensemble", "retrieval"),
        section("Corrected relevance", 0.5, "ensemble"),
    )
    table = beside_table([observed, corrected, section("Typed text", 0.1, "ensemble")], "ndcg@10")
    assert table.header == ("ranker", "observed relevance", "corrected relevance")
    assert table.rows == (
        ("ensemble", "0.6000 [0.5000, 0.7000]", "0.5000 [0.4000, 0.6000]"),
        ("retrieval", "0.6000 [0.5000, 0.7000]", None),
    )
    assert beside_table([observed], "ndcg@10") is None


def shown_at_random(n_queries: int, propensity: float | None = 0.5) -> ScoredSlates:
    """Slates of two, half of them with the relevant one first; the ensemble puts it first always."""
    small = slates([])
    query = np.repeat(np.arange(n_queries), 2)
    relevance = np.array([[1, 0], [0, 1]] * (n_queries // 2)).ravel()
    given = None if propensity is None else [propensity] * len(query)
    dataset = RankingDataset(
        np.zeros((len(query), 3), np.float32), relevance, query, small.held_out.dataset.feature_names,
        np.tile([1, 2], n_queries), given,
    )  # fmt: skip
    rows = small.held_out.rows.take(np.zeros(len(query), int))
    rows = rows.set_column(rows.column_names.index("query_id"), "query_id", [[f"q{number}" for number in query]])
    rows = rows.set_column(rows.column_names.index("actor_id"), "actor_id", [[f"f{number}" for number in query]])
    names = [["a", "b"][position] for position in np.tile([0, 1], n_queries)]
    rows = rows.set_column(rows.column_names.index("candidate_id"), "candidate_id", [names])
    scores = {
        "logged order": -np.tile([1.0, 2.0], n_queries),
        "retrieval": -relevance * 1.0,
        "ensemble": relevance * 1.0,
    }
    return ScoredSlates(TracedDataset(dataset, rows, {}), scores, "retrieval", ())


def test_an_order_earns_by_the_rows_that_it_places_as_they_were_logged():
    """Half of the slates are as the ensemble would have them, each row at propensity 1/2: 1 of 2 rows, twice."""
    (table,) = off_policy_section(shown_at_random(200)).tables
    found = {(row[0], row[1]): row for row in table.rows}
    assert found["logged order", "ips"][2] == pytest.approx(0.5)  # as many positives as there are slates
    assert found["ensemble", "ips"][2] == pytest.approx(0.5)
    assert found["ensemble", "ips"][5] == pytest.approx(200)
    assert found["ensemble", "ips"][-1] == ""


def test_a_log_without_propensities_is_refused_by_name():
    (table,) = off_policy_section(shown_at_random(40, None)).tables
    assert all("have no propensity" in row[-1] and row[2] is None for row in table.rows)
    (table,) = off_policy_section(shown_at_random(40, 1.0)).tables
    assert {row[0]: bool(row[-1]) for row in table.rows} == {"logged order": False, "retrieval": True, "ensemble": True}


def test_attention_by_candidate_and_of_new_ones():
    """Two candidates take turns at the first place, so both have the same; the second of a slate is new."""
    given = shown_at_random(40)
    new = np.tile([False, True], 40)
    section = exposed_section(given, new)
    logged = next(row for row in section.measured if row.ranker == "logged order")
    second = 1 / math.log2(3)
    assert (logged.metric, logged.interval.value) == (NEW, pytest.approx(second / (1 + second)))
    gini = {row[0]: row[1] for row in section.tables[0].rows}
    assert gini["ensemble"] == pytest.approx(0)
    assert gini["logged order"] == pytest.approx(0.5 * (1 - second) / (1 + second))
    assert "50.0% of the rows" in section.tables[0].note


@pytest.fixture
def truth_of(tmp_path_factory):
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder, held_out = tmp_path_factory.mktemp("truth"), slates([]).held_out
    pairs = held_out.rows.select(["query_id", "candidate_id"])
    relevance = pa.array(held_out.dataset.relevance.astype(np.float32))
    pq.write_table(pairs.append_column("true_relevance", relevance), folder / "impressions.parquet")
    return folder
