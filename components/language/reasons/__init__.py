"""Reasons in words: what a model input says of one candidate, for people."""

from components.language.reasons.words import in_words

__all__ = ["in_words"]
