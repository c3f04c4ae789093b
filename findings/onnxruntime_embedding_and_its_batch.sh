#!/bin/sh
# ONNX Runtime: after quantize_dynamic an embedding depends on what else is in the batch.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; trap 'exit 1' INT TERM
python3 -m venv "$dir/venv" && "$dir/venv/bin/pip" install --quiet numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0
cd "$dir"
venv/bin/python -I -W ignore - <<'EOF'
import logging
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import quantize_dynamic

print("onnxruntime", onnxruntime.__version__, "onnx", onnx.__version__)
print("Guess: int8 weights shift every embedding a little, always the same way: a text embedded alone")
print("  and the same text embedded in a batch have one vector.")
print("Behaviour: activations are scaled by the smallest and largest value of the whole batch, so one")
print("  row of large values takes away the resolution of all others: an index built in batches and")
print("  a query embedded alone are not in one space.")

logging.disable(logging.WARNING)
weights = np.random.default_rng(0).normal(size=(16, 8)).astype(np.float32)
graph = helper.make_graph(
    [helper.make_node("MatMul", ["texts", "weights"], ["vectors"])],
    "encoder",
    [helper.make_tensor_value_info("texts", TensorProto.FLOAT, ["rows", 16])],
    [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["rows", 8])],
    [numpy_helper.from_array(weights, "weights")],
)
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), "whole.onnx")
quantize_dynamic("whole.onnx", "small.onnx")


def cosine_alone_and_in_batch(path: str, size_of_other: float) -> float:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    texts = np.random.default_rng(1).normal(size=(2, 16)).astype(np.float32)
    texts[1] *= size_of_other
    alone = session.run(None, {"texts": texts[:1]})[0][0]
    in_batch = session.run(None, {"texts": texts})[0][0]
    return float(alone @ in_batch / np.linalg.norm(alone) / np.linalg.norm(in_batch))


seen = {
    (path, size): cosine_alone_and_in_batch(path, size) for path in ("whole.onnx", "small.onnx") for size in (1.0, 100.0)
}
for (path, size), cosine in seen.items():
    print(f"Seen: {path}, the other row {size:.0f} times as large: cosine of one text with itself = {cosine:.4f}")
sys.exit(
    min(seen["whole.onnx", 1.0], seen["whole.onnx", 100.0]) < 0.999999
    or seen["small.onnx", 1.0] < 0.999
    or seen["small.onnx", 100.0] > 0.9
)
EOF
