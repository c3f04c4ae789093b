"""The files of an encoder's folder, and how its graph is opened: what exporting and loading agree on."""

from typing import Any

import onnxruntime

MANIFEST, MODEL, TOKENIZER, PROBE = "encoder.json", "model.onnx", "tokenizer.json", "probe.json"


EXPORT_VERSION = 2
"""Raise when encoder_export writes another graph, so that caches are written anew."""


MAX_TOKENS = 256


CARD_TOKENS = 48
"""Of a job or a freelancer: title, skills, first sentences. A lake of 300,000 texts is paid by the token."""


QUERY_TOKENS = 32


def open_session(model: str | bytes) -> Any:
    """An onnxruntime session on one CPU thread, of a path or of a model's bytes."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
