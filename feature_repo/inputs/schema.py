"""The identity of model inputs: rows of equal hashes mean the same and can be scored by the same rankers."""

import hashlib
import json
from collections.abc import Sequence

from feature_repo.texts import TextWeights


def feature_schema_hash(feature_names: Sequence[str], text_weights: TextWeights, encoder_hash: str) -> str:
    """sha256 over the names in order, the text weights and the encoder."""
    weights = {name: hashlib.sha256(array.tobytes()).hexdigest() for name, array in text_weights.arrays.items()}
    parts = {"feature_names": list(feature_names), "text_weights": weights, "encoder": encoder_hash}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
