import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.evaluation.truth import has_truth, off_profile, true_relevance
from metier.errors import ContractError, DataError, InputError


@pytest.fixture
def world(tmp_path):
    rows = {
        "query_id": ["q1", "q1", "q2"],
        "candidate_id": ["j1", "j2", "j1"],
        "true_relevance": pa.array([0.5, 2.0, 4.0], type=pa.float32()),
    }
    pq.write_table(pa.table(rows), tmp_path / "impressions.parquet")
    return tmp_path


def test_pairs_get_their_own_truth_in_the_order_asked(world):
    found = true_relevance(world, ["q2", "q1", "q1", "q2"], ["j1", "j2", "j1", "j1"])
    assert found.dtype == np.float32
    assert found.tolist() == [4.0, 2.0, 0.5, 4.0]


def test_a_pair_without_truth_is_unknown(world):
    found = true_relevance(world, np.array(["q1", "q9"]), pa.array(["j1", "j1"]))
    assert found[0] == 0.5
    assert np.isnan(found[1])


def test_the_truth_of_another_world_is_refused(world):
    with pytest.raises(DataError, match="another world"):
        true_relevance(world, ["x"], ["y"])


def test_a_real_lake_has_no_truth(tmp_path, world):
    assert has_truth(world)
    assert not has_truth(tmp_path / "lake")
    with pytest.raises(InputError, match="metier simulate"):
        true_relevance(tmp_path / "lake", ["q1"], ["j1"])


def test_a_truth_without_its_columns_is_named(tmp_path):
    pq.write_table(pa.table({"query_id": ["q1"]}), tmp_path / "impressions.parquet")
    with pytest.raises(ContractError, match="candidate_id, true_relevance"):
        true_relevance(tmp_path, ["q1"], ["j1"])


def test_which_texts_are_about_another_trade_is_known_where_the_truth_says_so(world):
    assert not off_profile(world, ["q1", "q2"]).any()
    searches = {"query_id": ["q1", "q3"], "off_profile": [False, True]}
    pq.write_table(pa.table(searches), world / "searches.parquet")
    assert off_profile(world, ["q1", "q2", "q3", "q3"]).tolist() == [False, False, True, True]
