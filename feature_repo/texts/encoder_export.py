"""Turn a MiniLM folder (Hugging Face layout) into what Encoder loads: ONNX, tokenizer, probe and manifest.

The graph takes `input_ids` (n, tokens) and gives `embedding` (n, dimension), mean-pooled and of unit length. It has no
attention mask on purpose: rows of a batch have equal length, nothing is ever padded, so a row cannot feel its
neighbours. Matrix products run in int8 with one activation scale per token and one weight scale per output, never one
per batch; int8 is kept only where its cosine to fp32 reaches LOWEST_COSINE at each of PROBE_TOKENS on this CPU.
The only module of retrieval that knows torch, transformers and onnx. Knows nothing of texts, indexes or training.
"""

import hashlib
import importlib.metadata
import io
import json
import shutil
import threading
import warnings
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch
import transformers
from onnx import helper, numpy_helper

from feature_repo.texts.encoder_files import (
    CARD_TOKENS,
    MANIFEST,
    MAX_TOKENS,
    MODEL,
    PROBE,
    QUERY_TOKENS,
    TOKENIZER,
    open_session,
)
from metier.durable import new_folder
from metier.errors import ArtifactError

Floats = npt.NDArray[np.float32]
Precision = Literal["int8", "fp32"]
LOWEST_COSINE = 0.97
PROBE_TOKENS = (4, 32, 256)
PROBES_A_LENGTH = 8
FULL_SCALE = 127
ZERO_POINT = 128
OPSET = 17
CONTRIBUTED = "com.microsoft"
TRACING = threading.Lock()
"""torch traces one model at a time in a process."""


def export_encoder(source: Path, directory: Path, precision: Precision = "int8") -> None:
    """Write `directory` from the model folder `source`, whole or not at all; an existing `directory` is kept.

    int8 falls back to fp32 where it misses LOWEST_COSINE; the manifest says which one it is.

    Safe under concurrent exports: each works beside `directory` and the first to finish names it.
    """
    for name in ("config.json", TOKENIZER):
        if not (source / name).is_file():
            raise ArtifactError(f"{source} holds no {name}; give a folder in Hugging Face layout")
    try:
        with new_folder(directory) as written:
            _write(source, written, precision)
    except OSError:
        if not (directory / MANIFEST).is_file():  # else another process was first
            raise


def _write(source: Path, directory: Path, precision: Precision) -> None:
    exact = _traced(source)
    vocabulary = _initializers(exact)["bert.embeddings.word_embeddings.weight"].dims[0]
    reference = [_embeddings(exact.SerializeToString(), ids) for ids in _probes(vocabulary)]
    model = per_row_int8(exact) if precision == "int8" else exact
    if _lowest_cosine(model, vocabulary, reference) < LOWEST_COSINE:
        model, precision = exact, "fp32"
    (directory / MODEL).write_bytes(model.SerializeToString(deterministic=True))
    shutil.copyfile(source / TOKENIZER, directory / TOKENIZER)
    ids = _probes(vocabulary)[1]
    probe = {"input_ids": ids.tolist(), "embedding": np.round(reference[1].astype(float), 6).tolist()}
    (directory / PROBE).write_text(json.dumps(probe))
    files = {name: hashlib.sha256((directory / name).read_bytes()).hexdigest() for name in (MODEL, TOKENIZER, PROBE)}
    manifest = {
        "files": files,
        "precision": precision,
        "dimension": reference[0].shape[1],
        "max_tokens": MAX_TOKENS,
        "card_tokens": CARD_TOKENS,
        "query_tokens": QUERY_TOKENS,
        "versions": {name: importlib.metadata.version(name) for name in ("torch", "transformers", "onnx")},
    }
    (directory / MANIFEST).write_text(json.dumps(manifest, indent=2, sort_keys=True))


def _traced(source: Path) -> onnx.ModelProto:
    """The fp32 graph."""
    buffer = io.BytesIO()
    with TRACING, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Pooled(_bert(source)),
            (torch.ones((2, 7), dtype=torch.int64),),
            buffer,
            dynamo=False,
            opset_version=OPSET,
            input_names=["input_ids"],
            output_names=["embedding"],
            dynamic_axes={"input_ids": {0: "n", 1: "tokens"}, "embedding": {0: "n"}},
        )
    return onnx.load_from_string(buffer.getvalue())


def _bert(source: Path) -> torch.nn.Module:
    """The model in evaluation mode, loaded from the folder alone and without a progress bar."""
    logging = transformers.utils.logging
    enabled = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        model = transformers.AutoModel.from_pretrained(str(source), local_files_only=True, attn_implementation="eager")
    finally:
        if enabled:
            logging.enable_progress_bar()
    module: torch.nn.Module = model.eval()
    return module


class _Pooled(torch.nn.Module):
    def __init__(self, bert: torch.nn.Module) -> None:
        super().__init__()
        self.bert = bert

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        hidden = self.bert(input_ids=input_ids).last_hidden_state
        return torch.nn.functional.normalize(hidden.mean(dim=1), dim=1)


def per_row_int8(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy in which each product with a constant matrix runs in int8, activations scaled token by token."""
    quantized = onnx.ModelProto()
    quantized.CopyFrom(model)
    _RowQuantizer(quantized.graph).rewrite()
    quantized.opset_import.append(helper.make_opsetid(CONTRIBUTED, 1))
    return quantized


class _RowQuantizer:
    """Rewrites one graph: MatMul(x, W) = scale(x) * (q(x) @ q(W)) * scale(W), q(x) shared by the products of x."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._graph = graph
        self._weights = _initializers(graph)
        self._nodes: list[onnx.NodeProto] = []
        self._rows: dict[str, str] = {}

    def rewrite(self) -> None:
        self._constant("int8/one", np.float32(1))
        self._constant("int8/zero_point", np.uint8(ZERO_POINT))
        self._constant("int8/unit", np.float32(1 / FULL_SCALE))
        self._constant("int8/least", np.float32(1e-12))
        self._constant("int8/flat", np.array([-1]))
        self._constant("int8/begin", np.array([0]))
        self._constant("int8/lead", np.array([2]))
        for node in self._graph.node:
            if node.op_type == "MatMul" and node.input[1] in self._weights:
                self._product(node)
            else:
                self._nodes.append(node)
        del self._graph.node[:]
        self._graph.node.extend(self._nodes)
        used = {name for node in self._nodes for name in node.input}
        initializers = [initializer for initializer in self._graph.initializer if initializer.name in used]
        del self._graph.initializer[:]
        self._graph.initializer.extend(initializers)

    def _product(self, node: onnx.NodeProto) -> None:
        values, weight = node.input
        matrix = numpy_helper.to_array(self._weights[weight]).astype(np.float32)
        scale = np.maximum(np.abs(matrix).max(axis=0) / FULL_SCALE, np.float32(1e-12)).astype(np.float32)
        name = node.output[0]
        self._constant(f"{name}/weight", np.rint(matrix / scale).astype(np.int8))
        self._constant(f"{name}/scale", scale)
        self._constant(f"{name}/width", np.array([matrix.shape[1]]))
        rows = self._rows[values] if values in self._rows else self._quantized(values, matrix.shape[0])
        self._node(
            "MatMulIntegerToFloat",
            [f"{rows}/int8", f"{name}/weight", "int8/one", f"{name}/scale", "int8/zero_point"],
            f"{name}/product",
            domain=CONTRIBUTED,
        )
        self._node("Mul", [f"{name}/product", f"{rows}/scale"], f"{name}/flat")
        self._node("Shape", [values], f"{name}/shape")
        self._node("Slice", [f"{name}/shape", "int8/begin", "int8/lead"], f"{name}/batch")
        self._node("Concat", [f"{name}/batch", f"{name}/width"], f"{name}/whole", axis=0)
        self._node("Reshape", [f"{name}/flat", f"{name}/whole"], name)

    def _quantized(self, values: str, width: int) -> str:
        """Add the int8 rows of `values` and their scales (rows, 1); the prefix of both names."""
        rows = self._rows[values] = f"{values}/rows"
        self._constant(f"{rows}/shape", np.array([-1, width]))
        self._node("Reshape", [values, f"{rows}/shape"], f"{rows}/flat")
        self._node("Abs", [f"{rows}/flat"], f"{rows}/absolute")
        self._node("ReduceMax", [f"{rows}/absolute"], f"{rows}/largest", axes=[-1], keepdims=1)
        self._node("Mul", [f"{rows}/largest", "int8/unit"], f"{rows}/step")
        self._node("Max", [f"{rows}/step", "int8/least"], f"{rows}/scale")
        self._node("Reshape", [f"{rows}/scale", "int8/flat"], f"{rows}/steps")
        self._node("Shape", [f"{rows}/steps"], f"{rows}/count")
        zero = numpy_helper.from_array(np.array([ZERO_POINT], dtype=np.uint8))
        self._node("ConstantOfShape", [f"{rows}/count"], f"{rows}/zero_points", value=zero)
        inputs = [f"{rows}/flat", f"{rows}/steps", f"{rows}/zero_points"]
        self._node("QuantizeLinear", inputs, f"{rows}/int8", axis=0)
        return rows

    def _constant(self, name: str, value: npt.ArrayLike) -> None:
        self._graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))

    def _node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> None:
        self._nodes.append(helper.make_node(kind, inputs, [output], name=f"{output}/{kind}", **attributes))


def _initializers(graph: onnx.ModelProto | onnx.GraphProto) -> dict[str, onnx.TensorProto]:
    inner = graph.graph if isinstance(graph, onnx.ModelProto) else graph
    return {initializer.name: initializer for initializer in inner.initializer}


def _probes(vocabulary: int) -> list[npt.NDArray[np.int64]]:
    """Token ids of each probed length, drawn from the upper two thirds of the vocabulary: whole words and pieces."""
    generator = np.random.default_rng(0)
    return [generator.integers(vocabulary // 3, vocabulary, (PROBES_A_LENGTH, tokens)) for tokens in PROBE_TOKENS]


def _embeddings(model: bytes, ids: npt.NDArray[np.int64]) -> Floats:
    session: onnxruntime.InferenceSession = open_session(model)
    result: Floats = session.run(None, {"input_ids": ids})[0]
    return result


def _lowest_cosine(model: onnx.ModelProto, vocabulary: int, reference: list[Floats]) -> float:
    content = model.SerializeToString()
    pairs = zip(_probes(vocabulary), reference, strict=True)
    return min(float((_embeddings(content, ids) * exact).sum(axis=1).min()) for ids, exact in pairs)
