"""The words of a question in runs that belong together, each with the cue that governs it and what joins it. English.

Knows no candidate.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from components.language.answers.words import (
    COMPARATIVE,
    CUE_OF_WORD,
    FRAME,
    GOVERNING,
    JOBS_ONLY,
    LINKS,
    PEOPLE_ONLY,
    WITHIN,
)
from components.language.taxonomy import Taxonomy
from metier.contract import Surface
from metier.surfaces import surface_spec

_PERIOD = re.compile(r"\b(?:a|an|per|each|every) (?:hour|day|week|month|year)\b", re.I)
"""The unit of a value, no part of what is asked."""
_WORD = re.compile(r"[^\W_][\w+#.'&-]*|[,;:?!/()]")
_MARKS = ",;:?!/()"


@dataclass(frozen=True)
class Word:
    """A word of a question, and the skill that it belongs to with its neighbours, if any."""

    text: str
    skill: str | None = None
    mention: int = -1
    """Start of the mention that it is part of."""

    @property
    def lower(self) -> str:
        return self.text.lower().removesuffix("'s")


@dataclass(frozen=True)
class Segment:
    """Words that belong together, or a cue alone with none."""

    cue: str | None
    run: tuple[Word, ...] = ()
    joint: Literal["or", ",", ""] = ""
    """What stands between it and the run before."""
    is_bare: bool = False
    """Whether nothing but joints and links stands there."""


def words_of(plain: str, taxonomy: Taxonomy) -> list[Word]:
    """Words and marks in their order; those of a skill's name know it."""
    mentions = [each for each in taxonomy.mentions(plain) if each.exact or " " not in plain[each.start : each.end]]
    found: list[Word] = []
    for match in _WORD.finditer(_PERIOD.sub(lambda period: " " * len(period[0]), plain)):
        text = match[0].rstrip(".'-&")
        mention = next((each for each in mentions if each.start <= match.start() < each.end), None)
        if mention is not None and _is_common(plain[mention.start : mention.end]):
            mention = None
        found.append(Word(text) if mention is None else Word(text, mention.skill_id, mention.start))
    return [word for word in found if word.text]


def segments(words: Sequence[Word], surface: Surface) -> list[Segment]:
    """Runs of words that neither frame nor cue; of a list that ends in "or" each is joined by it, under one cue."""
    found = list(_segments(words, surface))
    runs = [number for number, each in enumerate(found) if each.run]
    for number, following in reversed(list(pairwise(runs))):
        if found[number].joint == "," and found[following].joint == "or":
            found[number] = replace(found[number], joint="or")
    for number, following in pairwise(runs):
        each = found[following]
        if each.joint == "or" and each.is_bare and each.cue is None:
            found[following] = replace(each, cue=found[number].cue)
    return found


def _is_common(name: str) -> bool:
    """Whether a name is a word that frames a question, or a cue."""
    return name.lower() in FRAME or name.lower() in CUE_OF_WORD


def _cue_of(word: Word, others: Sequence[str]) -> str | None:
    """The cue that a word is, unless it is one of another side's."""
    cue = None if word.skill else CUE_OF_WORD.get(word.lower)
    return None if cue in others else cue


def _segments(words: Sequence[Word], surface: Surface) -> Iterator[Segment]:
    others = PEOPLE_ONLY if surface_spec(surface).shows_jobs else JOBS_ONLY
    governs: str | None = None
    run: list[Word] = []
    between: list[str] = []
    for word in words:
        cue = _cue_of(word, others)
        if word.skill or (cue is None and word.lower not in FRAME | COMPARATIVE and word.text not in _MARKS):
            run.append(word)
            continue
        if run and word.lower in WITHIN:
            continue
        if run:
            yield _segment(governs, run, between)
            governs, run, between = None, [], []
        between.append(word.lower)
        if cue is not None:
            if governs is not None:
                yield Segment(governs)
            governs = cue
            if cue not in GOVERNING:
                yield Segment(cue)
                governs = None
        elif governs is not None and word.lower not in LINKS:
            yield Segment(governs)
            governs = None
    if run or governs is not None:
        yield _segment(governs, run, between)


def _segment(cue: str | None, run: Sequence[Word], between: Sequence[str]) -> Segment:
    joint: Literal["or", ",", ""] = "or" if "or" in between else "," if set(between) == {","} else ""
    return Segment(cue, tuple(run), joint, LINKS | WITHIN | {",", "or", "either"} >= set(between))
