"""Large arrays lie in files, small ones in memory; both hold the same numbers."""

import numpy as np
import pytest

from components.ranking import XGBoostConfig, XGBoostRanker
from components.ranking.neural_config import NeuralConfig
from components.ranking.neural_ranker import NeuralRanker
from components.training_sets import RankingDataset
from components.training_sets.dataset import room as rooms
from components.training_sets.dataset.room import gathered, room
from components.training_sets.dataset.stored import read


def in_a_file(array: np.ndarray) -> bool:
    return isinstance(array if isinstance(array, np.memmap) else array.base, np.memmap)


def test_an_array_above_the_limit_lies_in_a_file_without_a_name(monkeypatch, tmp_path):
    monkeypatch.setattr(rooms.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(rooms, "IN_MEMORY_BYTES", 100)
    # 5 rows of 5 numbers of 4 bytes are 100 bytes, 4 rows are 80.
    assert in_a_file(room((5, 5)))
    assert not in_a_file(room((4, 5)))
    assert list(tmp_path.iterdir()) == []
    assert room((0, 5)).shape == (0, 5)


def test_neighbouring_rows_are_a_view_and_others_a_copy(monkeypatch):
    monkeypatch.setattr(rooms, "IN_MEMORY_BYTES", 0)
    features = np.arange(12, dtype=np.float32).reshape(4, 3)
    assert np.shares_memory(gathered(features, slice(1, 3)), features)
    apart = gathered(features, np.array([0, 3]), np.array([2, 0]))
    assert apart.tolist() == [[2, 0], [11, 9]]
    assert in_a_file(apart)
    assert gathered(features, slice(None), np.array([1])).ravel().tolist() == [1, 4, 7, 10]


def world() -> RankingDataset:
    random = np.random.default_rng(3)
    features = random.normal(size=(400, 4)).astype(np.float32)
    features[random.random(features.shape) < 0.1] = np.nan
    names = ("skill_match", "level_code", "title_v00", "rate")
    features[:, 1] = random.integers(0, 5, 400)
    return RankingDataset(features, np.nan_to_num(features[:, 0]) > 0.5, np.repeat(np.arange(40), 10), names)


def test_rankers_learn_the_same_from_mapped_rows(monkeypatch, tmp_path):
    in_memory = world()
    plain = [
        XGBoostRanker().fit(in_memory, XGBoostConfig(trees=5)).score(in_memory.features),
        NeuralRanker().fit(in_memory, NeuralConfig(hidden=(8,), networks=1, epochs=2)).score(in_memory.features),
    ]
    in_memory.write(tmp_path)
    mapped = RankingDataset.read(tmp_path)
    assert in_a_file(mapped.features)
    monkeypatch.setattr(rooms, "IN_MEMORY_BYTES", 0)
    assert XGBoostRanker().fit(mapped, XGBoostConfig(trees=5)).score(mapped.features).tolist() == plain[0].tolist()
    again = NeuralRanker().fit(mapped, NeuralConfig(hidden=(8,), networks=1, epochs=2)).score(mapped.features)
    assert again.tolist() == plain[1].tolist()


def test_what_is_changed_in_mapped_rows_stays_in_memory(tmp_path):
    world().write(tmp_path)
    read(tmp_path)[1][0, 0] = 17.0
    assert read(tmp_path)[1][0, 0] == world().features[0, 0]


@pytest.mark.parametrize("width", [1, 3])
def test_a_set_of_the_format_before_is_read(tmp_path, width):
    import json

    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [f"f{position}" for position in range(width)]
    columns = {f"feature.{name}": np.float32([position, 5]) for position, name in enumerate(names)}
    pq.write_table(
        pa.table({"query_id": ["q", "q"], "relevance": np.float32([0, 1]), **columns}), tmp_path / "r.parquet"
    )
    metadata = {"format_version": 1, "rows": "r.parquet", "feature_names": names, "outcomes": []}
    (tmp_path / "dataset.json").write_text(json.dumps(metadata))
    old = RankingDataset.read(tmp_path)
    assert old.features.tolist() == [[*map(float, range(width))], [5.0] * width]
    assert old.query_id.tolist() == ["q", "q"]
