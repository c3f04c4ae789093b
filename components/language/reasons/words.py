"""What a model input says of one candidate in plain words: one sentence of one feature, and of nothing else.

A sentence is made of a feature's name and value alone, so a list of reasons names what contributed and no more. Knows
names by their patterns; a test asks for a phrase of every model input of every surface.
"""

import functools
import re

from components.language.reasons.pairs import pair_phrase
from components.language.reasons.phrases import Phrase, number, stating
from components.language.reasons.stored import stored_phrase
from metier.contract import Surface
from metier.surfaces import surface_spec

VECTOR = re.compile(r"(?P<side>person|job)_v(?P<component>\d\d)")
ROLES = ("candidate_client", "candidate", "actor", "job")
"""What a stored feature's name begins with; the longer first."""


def in_words(surface: Surface, feature: str, value: float) -> str:
    """What `value` of a feature says of a candidate of the surface.

    >>> in_words("talent_search", "skill_coverage", 0.8)
    'the person has 80% of the skills that the job asks for'
    >>> in_words("talent_search", "rate_to_budget_log_ratio", -0.2231)
    'the person asks 20% less than budgeted'
    >>> in_words("job_feed", "candidate_applicants_open", float("nan"))
    'not known: who waits for an answer of the job'
    """
    phrase = phrase_of(surface, feature) or stating(called(feature), f"{called(feature)}: {{value}}", number)
    return phrase.of(value)


@functools.cache
def phrase_of(surface: Surface, feature: str) -> Phrase | None:
    """The phrase of a feature; None where it has none yet, and goes by its name."""
    nouns = _nouns(surface)
    return pair_phrase(nouns, feature) or _vector(nouns, feature) or _stored(nouns, feature)


def called(feature: str) -> str:
    """A feature's name as words."""
    return feature.replace("_", " ")


def _nouns(surface: Surface) -> dict[str, str]:
    """What the two sides of a pair are called."""
    if surface_spec(surface).shows_jobs:
        return {"person": "freelancer", "job": "job", "actor": "freelancer", "candidate": "job", "candidates": "jobs"}
    return {"person": "person", "job": "job", "actor": "client", "candidate": "person", "candidates": "people"}


def _vector(nouns: dict[str, str], feature: str) -> Phrase | None:
    component = VECTOR.fullmatch(feature)
    if component is None:
        return None
    about = f"what the text of the {nouns[component['side']]} is about (direction {int(component['component']) + 1})"
    return Phrase(about, lambda value: about)


def _stored(nouns: dict[str, str], feature: str) -> Phrase | None:
    role = next((role for role in ROLES if feature.startswith(f"{role}_")), None)
    if role is None:
        return None
    name = feature.removeprefix(f"{role}_")
    if role == "candidate_client":
        return stored_phrase("client", "the client of the job", name)
    noun = nouns.get(role, role)
    kind = "person" if noun == "freelancer" else noun
    return stored_phrase(kind, f"the {noun}", name)
