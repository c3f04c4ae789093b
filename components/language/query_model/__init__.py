"""A query read by a language model: what it is asked, how its words become a plan, searches to train it on."""

from components.language.query_model.asking import ModelUnderstanding
from components.language.query_model.words import Words

__all__ = ["ModelUnderstanding", "Words"]
