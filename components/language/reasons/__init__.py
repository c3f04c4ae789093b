"""Reasons in words: what a model input is about, and what it says of one candidate, for people."""

from components.language.reasons.topics import topics_of
from components.language.reasons.words import in_words

__all__ = ["in_words", "topics_of"]
