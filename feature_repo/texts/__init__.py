"""Texts as vectors, and the encoder that makes them."""

from feature_repo.texts.encoder import Encoder
from feature_repo.texts.vectors import TextVectors

__all__ = ["Encoder", "TextVectors"]
