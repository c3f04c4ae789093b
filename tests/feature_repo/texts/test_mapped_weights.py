"""Large weights of a model, read where they lie in its file."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from feature_repo.texts.encoder_files import open_session
from feature_repo.texts.mapped_weights import LARGE_BYTES, large_weights

ROWS, WIDTH = LARGE_BYTES // (4 * 128), 128
WORDS = np.random.default_rng(0).normal(size=(ROWS, WIDTH)).astype(np.float32)


@pytest.fixture
def model(tmp_path):
    """Sums of vectors of words, by a large weight; a small one, one of whole numbers and one spelled in a list."""
    listed = helper.make_tensor("listed", TensorProto.FLOAT, [ROWS, WIDTH], np.zeros(ROWS * WIDTH, np.float32))
    weights = [
        numpy_helper.from_array(np.zeros((ROWS, WIDTH), np.int32), "whole"),
        numpy_helper.from_array(np.ones(WIDTH, np.float32), "small"),
        numpy_helper.from_array(WORDS, "words"),
        listed,
    ]
    nodes = [
        helper.make_node("Gather", ["words", "ids"], ["found"]),
        helper.make_node("Add", ["found", "small"], ["more"]),
    ]
    ids = helper.make_tensor_value_info("ids", TensorProto.INT64, ["n"])
    out = helper.make_tensor_value_info("more", TensorProto.FLOAT, ["n", WIDTH])
    graph = helper.make_graph(nodes, "words", [ids], [out], weights)
    path = tmp_path / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def test_the_large_float_weights_are_mapped_and_no_others(model):
    weights = large_weights(model)
    assert weights.keys() == {"words"}
    assert np.array_equal(weights["words"], WORDS)
    assert not weights["words"].flags.writeable


def test_a_session_over_mapped_weights_gives_what_one_with_its_own_gives(model):
    ids = {"ids": np.array([0, ROWS - 1, 7], np.int64)}
    weights = large_weights(model)
    mapped = {name: onnxruntime.OrtValue.ortvalue_from_numpy(weight) for name, weight in weights.items()}
    (own,), (shared,) = open_session(str(model)).run(None, ids), open_session(str(model), mapped).run(None, ids)
    assert np.array_equal(own, shared)
    assert np.array_equal(own, WORDS[ids["ids"]] + 1)
