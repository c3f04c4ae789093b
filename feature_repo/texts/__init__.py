"""Texts as vectors, what they are weighed by, and the encoder that makes them."""

from feature_repo.texts.encoder import Encoder
from feature_repo.texts.vectors import TextVectors
from feature_repo.texts.weighing import TextWeights

__all__ = ["Encoder", "TextVectors", "TextWeights"]
