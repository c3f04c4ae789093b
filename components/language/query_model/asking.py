"""The understanding that asks a model for the words of a search. Knows no endpoint, and how long a request has."""

import math

from components.language.models import ChatModel
from components.language.query_model.prompts import asked
from components.language.query_model.reading import plan_of
from components.language.query_model.words import Words
from components.language.taxonomy import Taxonomy
from components.language.understanding import Plan
from components.language.understanding.grammar import LONGEST
from metier.contract import Surface

MOST_TOKENS = 200
"""That are written for one search."""


class ModelUnderstanding:
    """Plans by a model; `tuned` for one that the pipeline `query_model` trained. Safe to share between threads."""

    def __init__(self, model: ChatModel, taxonomy: Taxonomy, deadline_s: float, *, tuned: bool) -> None:
        self._model, self._taxonomy = model, taxonomy
        self._deadline_s, self._tuned = deadline_s, tuned

    def plan(self, text: str, surface: Surface, within_s: float = math.inf) -> Plan:
        """What the text asks for; ModelError where the model says nothing of use in `within_s`, or its own deadline."""
        read = text[:LONGEST]
        answer = self._model.complete(
            asked(read, surface, tuned=self._tuned),
            caller="understand",
            deadline_s=min(self._deadline_s, within_s),
            max_tokens=MOST_TOKENS,
            schema=Words,
        )
        return plan_of(answer.value or Words(), text, self._taxonomy)
