"""The identity of model inputs: rows of equal hashes mean the same and can be scored by the same rankers."""

import hashlib
import json
from collections.abc import Mapping, Sequence

import numpy.typing as npt

from feature_repo.texts.vectors import WEIGHTS


def feature_schema_hash(
    feature_names: Sequence[str], text_weights: Mapping[str, npt.NDArray], encoder_hash: str
) -> str:
    """sha256 over the names in order, the text weights (TextVectors.weights) and the encoder."""
    weights = {name: hashlib.sha256(text_weights[name].tobytes()).hexdigest() for name in WEIGHTS}
    parts = {"feature_names": list(feature_names), "text_weights": weights, "encoder": encoder_hash}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
