"""The files of an encoder's folder, and how its graph is opened: what exporting and loading agree on."""

from collections.abc import Mapping
from typing import Any

import onnxruntime

MANIFEST, MODEL, TOKENIZER, PROBE = "encoder.json", "model.onnx", "tokenizer.json", "probe.json"


EXPORT_VERSION = 2
"""Raise when encoder_export writes another graph, so that caches are written anew."""


MAX_TOKENS = 256


CARD_TOKENS = 48
"""Of a job or a freelancer: title, skills, first sentences. A lake of 300,000 texts is paid by the token."""


QUERY_TOKENS = 32


def open_session(model: str | bytes, weights: Mapping[str, Any] | None = None) -> Any:
    """An onnxruntime session on one CPU thread, of a path or of a model's bytes.

    `weights` (OrtValues by name, which the caller keeps) take the place of those of the model.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # else weights lie in an arena of a power of two, 5 MiB more
    options.add_session_config_entry("session.use_device_allocator_for_initializers", "1")
    for name, weight in (weights or {}).items():
        options.add_initializer(name, weight)
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
