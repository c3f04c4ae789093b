"""Models of XGBoost's trees as an ONNX graph of one TreeEnsemble node (ai.onnx.ml 5): what serving scores by.

A row goes left where its value is below the split, or absent and the split says so. Both libraries compare float32 with
float32, and add the leaves of a row in float32, tree by tree; the base score is added to the leaves of the first tree,
which is where XGBoost begins. Knows no feature and no training.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.measures.arrays import Floats
from components.ranking.sessions import opened

INPUT, OUTPUT = "features", "margins"
OPSETS = {"ai.onnx.ml": 5, "": 21}
IR_VERSION = 10
BRANCH_LT = 1
"""The mode of a node whose true branch takes what is below its split."""


class TreeGraph:
    """The graph opened for scoring on one thread. Safe to share between threads."""

    def __init__(self, graph: bytes) -> None:
        self._session = opened(graph)

    def margins(self, features: Floats) -> Floats:
        """Scores (n_rows,) of all features (n_rows, n_features) by the first model."""
        return self.every_margin(features)[:, 0]

    def every_margin(self, features: Floats) -> Floats:
        """Scores (n_rows, n_models)."""
        margins: Floats = self._session.run(None, {INPUT: np.ascontiguousarray(features)})[0]
        return margins


def graph_of(models: Sequence[Mapping[str, Any]], used: NDArray[np.int64], n_features: int) -> bytes:
    """The graph of models in XGBoost's JSON, whose feature i is column used[i] of n_features."""
    from onnx import TensorProto, helper

    nodes = _ensemble([model["learner"] for model in models], used)
    values = {
        "nodes_splits": (TensorProto.FLOAT, nodes.pop("nodes_splits")),
        "leaf_weights": (TensorProto.FLOAT, nodes.pop("leaf_weights")),
        "nodes_modes": (TensorProto.UINT8, np.full(len(nodes["nodes_featureids"]), BRANCH_LT, np.uint8)),
    }
    tensors = {name: helper.make_tensor(name, kind, array.shape, array) for name, (kind, array) in values.items()}
    ensemble = helper.make_node(
        "TreeEnsemble",
        [INPUT],
        [OUTPUT],
        domain="ai.onnx.ml",
        n_targets=len(models),
        aggregate_function=1,
        **tensors,
        **{name: array.tolist() for name, array in nodes.items()},
    )
    ends = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n_rows", width])]
        for name, width in ((INPUT, n_features), (OUTPUT, len(models)))
    ]
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    graph = helper.make_graph([ensemble], "trees", *ends)
    content: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION).SerializeToString()
    return content


def _ensemble(learners: Sequence[Mapping[str, Any]], used: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Attributes of the node, of all trees one behind the other: nodes and leaves are numbered apart."""
    parts: list[dict[str, NDArray[Any]]] = []
    n_nodes = n_leaves = 0
    for target, learner in enumerate(learners):
        base = np.float32(learner["learner_model_param"]["base_score"].strip("[]"))
        for number, tree in enumerate(learner["gradient_booster"]["model"]["trees"]):
            part = _tree(tree, used, n_nodes, n_leaves)
            if number == 0:
                part["leaf_weights"] += base
            part["leaf_targetids"] += target
            n_nodes += len(part["nodes_splits"])
            n_leaves += len(part["leaf_weights"])
            parts.append(part)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _tree(tree: Mapping[str, Any], used: NDArray[np.int64], n_nodes: int, n_leaves: int) -> dict[str, NDArray[Any]]:
    """Attributes of one tree behind n_nodes nodes and n_leaves leaves."""
    left, right = (np.asarray(tree[f"{side}_children"], dtype=np.int64) for side in ("left", "right"))
    values = np.asarray(tree["split_conditions"], dtype=np.float32)
    default_left = np.asarray(tree["default_left"], dtype=np.int64)
    columns = used[np.asarray(tree["split_indices"], dtype=np.int64)]
    if len(left) == 1:  # a leaf and nothing else, on both sides of a node that asks what does not matter
        left, right, values = np.array([1, -1, -1]), np.array([2, -1, -1]), np.repeat(values, 3)
        default_left, columns = np.repeat(default_left, 3), np.repeat(columns, 3)
    split = left >= 0
    position = np.where(split, n_nodes + np.cumsum(split) - 1, n_leaves + np.cumsum(~split) - 1)
    return {
        "nodes_featureids": columns[split],
        "nodes_splits": values[split],
        "nodes_truenodeids": position[left[split]],
        "nodes_trueleafs": (~split[left[split]]).astype(np.int64),
        "nodes_falsenodeids": position[right[split]],
        "nodes_falseleafs": (~split[right[split]]).astype(np.int64),
        "nodes_missing_value_tracks_true": default_left[split],
        "leaf_weights": values[~split],
        "leaf_targetids": np.zeros(int((~split).sum()), dtype=np.int64),
        "tree_roots": np.array([n_nodes]),
    }
