"""What a question asks: which candidates it names, which of their values it wants, and what they have to show for it.

English. Words of a question either frame it ("who has worked with"), name a value ("charge", "where"), or have to be
found in what a candidate shows; a name that the taxonomy knows may be found under its other names. A question that asks
for what is not there ("who does not") is not answered: no text shows what is absent. Knows no candidate and no text.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from components.language.answers.shown import PLACE, Terms, shown_fields
from components.language.answers.words import (
    AFTER,
    BEFORE,
    COMPARATIVE,
    CUE_OF_WORD,
    FIELDS_OF_CUE,
    FRAME,
    GOVERNING,
    JOBS_ONLY,
    LINKS,
    PAY,
    PEOPLE_ONLY,
    ROLES,
    WITHIN,
)  # fmt: skip
from components.language.taxonomy import Taxonomy
from metier.contract import Surface
from metier.surfaces import surface_spec
from metier.texts.canonical import canonical

TOLD = frozenset({"title", "skills"})
"""What is told of a candidate when nothing in particular is asked."""
COMPARED = TOLD | frozenset((*PAY, *PLACE, "experience_level"))
_NEGATION = re.compile(r"\b(?:not|never|without|neither|nor|except|excluding|cannot|lacks?)\b|n't\b", re.I)
_FUTURE = re.compile(r"\bwill\b", re.I)
_PERIOD = re.compile(r"\b(?:a|an|per|each|every) (?:hour|day|week|month|year)\b", re.I)
"""The unit of a value, no part of what is asked."""
_SAID_OTHERWISE = (
    (re.compile(r"\bweekly hours\b", re.I), "hours"),
    (re.compile(r"\bhow senior\b", re.I), "what level"),
)
_OWN = re.compile(r"\b(?:my|mine|myself|am|i|our|ours)\b", re.I)
_ASKS_VALUE = re.compile(r"\b(?:what|which|where|when|how|list|show|tell|give|compare|versus|vs)\b", re.I)
_ASKS_COUNT = re.compile(r"\bhow (?:many|long|often|old|big)\b", re.I)
_COMPARES = re.compile(rf"\b(?:compare|compared|versus|vs|difference|{'|'.join(sorted(COMPARATIVE))})\b", re.I)
_RANKS = re.compile(rf"\b(?:{'|'.join(sorted(COMPARATIVE))})\b", re.I)
_WORD = re.compile(r"[^\W_][\w+#.'&-]*|[,;:?!/()]")
_MARKS = ",;:?!/()"


@dataclass(frozen=True)
class Name:
    """One way to say what has to be shown: its terms, in their order."""

    text: str
    terms: tuple[str, ...]


@dataclass(frozen=True)
class Requirement:
    """What a candidate has to show: one of `names`, the question's own first."""

    names: tuple[Name, ...]
    roles: tuple[str, ...] = ()
    """Terms that stand behind the name where it is no entry of a skill."""
    fields: tuple[str, ...] | None = None
    """Where it has to stand, or else in a sentence that has `cue`; None: anywhere."""
    cue: str | None = None
    is_telling: bool = True
    """Whether it is more than a word that says little beside others."""

    @property
    def text(self) -> str:
        """As the question says it."""
        return self.names[0].text


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
class Asked:
    """A question taken apart. `refusal` says why it is not answered whatever the texts hold."""

    named: tuple[str, ...]
    requirements: tuple[Requirement, ...]
    fields: tuple[str, ...]
    compares: bool = False
    counts: bool = False
    refusal: str | None = None

    @property
    def topic(self) -> str:
        """What to search candidates by."""
        return " ".join(requirement.text for requirement in self.requirements)


def read_question(
    question: str,
    surface: Surface,
    terms_of: Terms,
    taxonomy: Taxonomy,
    known: Callable[[Sequence[str]], Sequence[bool]],
) -> Asked:
    """The question taken apart; `known` says which of some words are ids of candidates."""
    plain = canonical(question)
    named = _named(plain, known)
    for name in named:
        plain = re.sub(rf"(?<![\w-]){re.escape(name)}(?:'s)?(?![\w-])", " , ", plain)
    for pattern, said in _SAID_OTHERWISE:
        plain = pattern.sub(said, plain)
    words = _words(plain, taxonomy)
    cues, requirements = _walk(_segments(words, surface), _Namer(terms_of, taxonomy))
    asks_value = len(named) > 1 or bool(_ASKS_VALUE.search(plain)) or (bool(named) and not requirements)
    fields = frozenset(field for cue in cues if asks_value for field in FIELDS_OF_CUE[cue])
    if fields or any(requirement.is_telling for requirement in requirements):
        requirements = [requirement for requirement in requirements if requirement.is_telling]
    compares = len(named) > 1 and bool(_COMPARES.search(plain))
    if compares and not fields and not requirements:
        fields = COMPARED
    elif named and not (fields or requirements or cues):
        fields = TOLD
    shown = tuple(field for field in shown_fields(surface) if field in fields)
    asked = Asked(named, tuple(requirements), shown, compares, bool(_ASKS_COUNT.search(plain)) and not shown)
    return replace(asked, refusal=_refusal(asked, plain))


def _refusal(asked: Asked, plain: str) -> str | None:
    if _NEGATION.search(plain):
        return "the question asks for what is absent, which no text shows"
    if _RANKS.search(plain) and len(asked.named) < 2:
        return "the question compares all there are; name those to be compared by their ids"
    if _FUTURE.search(plain) and not any(requirement.is_telling for requirement in asked.requirements):
        return "the question asks for what will be, which no text shows"
    if not (asked.named or asked.requirements) and (not asked.fields or _OWN.search(plain)):
        return "the question names nothing that could be looked for; name a skill, a place, a value or an id"
    return None


def _named(plain: str, known: Callable[[Sequence[str]], Sequence[bool]]) -> tuple[str, ...]:
    """Ids of candidates among the words, in their order."""
    words = [word.strip("\"'()[]{}?!,;:.").removesuffix("'s") for word in re.split(r"[\s,;?]+", plain)]
    words = list(dict.fromkeys(word for word in words if word))
    return tuple(word for word, is_id in zip(words, known(words), strict=True) if is_id)


def _words(plain: str, taxonomy: Taxonomy) -> list[Word]:
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


def _is_common(name: str) -> bool:
    """Whether a name is a word that frames a question, or a cue."""
    return name.lower() in FRAME or name.lower() in CUE_OF_WORD


def _segments(words: Sequence[Word], surface: Surface) -> Iterator[tuple[str | None, list[Word]]]:
    """Runs of words that neither frame nor cue, each with the cue that governs it; a cue alone with no words."""
    others = PEOPLE_ONLY if surface_spec(surface).shows_jobs else JOBS_ONLY
    governs: str | None = None
    run: list[Word] = []
    for word in words:
        cue = None if word.skill else CUE_OF_WORD.get(word.lower)
        cue = None if cue in others else cue
        if word.skill or (cue is None and word.lower not in FRAME | COMPARATIVE and word.text not in _MARKS):
            run.append(word)
            continue
        if run and word.lower in WITHIN:
            continue
        if run:
            yield governs, run
            governs, run = None, []
        if cue is not None:
            if governs is not None:
                yield governs, []
            governs = cue
            if cue not in GOVERNING:
                yield cue, []
                governs = None
        elif governs is not None and word.lower not in LINKS:
            yield governs, []
            governs = None
    if run or governs is not None:
        yield governs, run


def _walk(segments: Iterator[tuple[str | None, list[Word]]], namer: "_Namer") -> tuple[list[str], list[Requirement]]:
    """Cues that no value follows, and what has to be found, in the order of the question."""
    cues: dict[str, None] = {}
    requirements: list[Requirement] = []
    for cue, run in segments:
        required = list(namer.requirements(run, cue)) if run else []
        requirements += required
        if cue is not None and not required:
            cues[cue] = None
    return list(cues), requirements


class _Namer:
    """Makes requirements of words that belong together."""

    def __init__(self, terms_of: Terms, taxonomy: Taxonomy) -> None:
        self._terms_of = terms_of
        self._taxonomy = taxonomy

    def requirements(self, run: list[Word], cue: str | None) -> Iterator[Requirement]:
        """One of all words, or one of each skill where the words are skills and say little beside."""
        telling = self._telling(run)
        named = [word for word in telling if word.skill or word.lower not in ROLES]
        roles = self._terms(word for word in telling if word not in named) if named else ()
        fields = None if cue is None else FIELDS_OF_CUE[cue]
        is_telling = any(word.skill or word.lower not in BEFORE | AFTER for word in telling)
        named = named or telling
        if named and all(word.skill for word in named):
            for mention in dict.fromkeys(word.mention for word in named):
                own = [word for word in named if word.mention == mention]
                yield Requirement(self._names(own), roles, fields, cue)
        elif terms := self._terms(named):
            name = Name(" ".join(word.text for word in run), terms)
            yield Requirement((name,), roles, fields, cue, is_telling)

    def _telling(self, run: list[Word]) -> list[Word]:
        """Without verbs before and words after that say little; all where nothing else is there."""
        first, last = 0, len(run)
        while first < last and not run[first].skill and run[first].lower in BEFORE:
            first += 1
        while last > first and not run[last - 1].skill and run[last - 1].lower in AFTER:
            last -= 1
        return run[first:last] or run

    def _names(self, own: Sequence[Word]) -> tuple[Name, ...]:
        """The words themselves, and what else the taxonomy calls the skill."""
        skill = own[0].skill or ""
        texts = [" ".join(word.text for word in own), self._taxonomy.label(skill), *self._taxonomy.aliases(skill)]
        names: dict[tuple[str, ...], Name] = {}
        for text in texts:
            terms = tuple(self._terms_of(text))
            names.setdefault(terms, Name(text, terms))
        return tuple(name for name in names.values() if name.terms)

    def _terms(self, run: Iterable[Word]) -> tuple[str, ...]:
        return tuple(self._terms_of(" ".join(word.text for word in run)))
