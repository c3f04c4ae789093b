"""What a question asks: which candidates it names, which of their values it wants, and what they have to show for it.

English. Words of a question either frame it ("who has worked with"), name a value ("charge", "where"), or have to be
found in what a candidate shows; a name that the taxonomy knows may be found under its other names. A question that asks
for what is not there ("who does not") is not answered: no text shows what is absent. Knows no candidate and no text.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from components.language.answers.segments import Segment, Word, segments, words_of
from components.language.answers.shown import PLACE, Terms, shown_fields
from components.language.answers.values import Value, values_in
from components.language.answers.words import AFTER, BEFORE, COMPARATIVE, FIELDS_OF_CUE, PAY, ROLES
from components.language.taxonomy import Taxonomy
from metier.contract import Surface
from metier.surfaces import surface_spec
from metier.texts.canonical import canonical

TOLD = frozenset({"title", "skills"})
"""What is told of a candidate when nothing in particular is asked."""
COMPARED = TOLD | frozenset((*PAY, *PLACE, "experience_level"))
_NEGATION = re.compile(r"\b(?:not|never|without|neither|nor|except|excluding|cannot|lacks?)\b|n't\b", re.I)
_JUDGES = re.compile(r"\b(?:best(?! practices?)|better|worst|worse|greatest|finest|ideal|nicest|smartest)\b", re.I)
_UNANSWERED = (
    (_NEGATION, "the question asks for what is absent, which no text shows"),
    (_JUDGES, "the question asks for a judgement, which no text states; ask for what can be shown"),
)
_COUNTS_THEM = re.compile(r"^\W*count\b|\bhow many\b|\b(?:number|count) of (?!openings)\w+", re.I)
_SUMS_UP = re.compile(
    r"\b(?:average|mean (?:rate|price|budget|pay)|median|percentage|proportion|altogether|in total)\b", re.I
)
_EACH = re.compile(r"\b(?:both|all|each|every)\b", re.I)
_WHO = re.compile(r"\bwho(?:se)?\b", re.I)
_FUTURE = re.compile(r"\bwill\b", re.I)
_SAID_OTHERWISE = (
    (re.compile(r"\bweekly hours\b", re.I), "hours"),
    (re.compile(r"\bhow senior\b", re.I), "what level"),
)
_OWN = re.compile(r"\b(?:my|mine|myself|am|i|our|ours)\b", re.I)
_ASKS_VALUE = re.compile(r"\b(?:what|which|where|when|how|list|show|tell|give|compare|versus|vs)\b", re.I)
_ASKS_COUNT = re.compile(r"\bhow (?:many|long|often|old|big)\b", re.I)
_COMPARES = re.compile(rf"\b(?:compare|compared|versus|vs|difference|{'|'.join(sorted(COMPARATIVE))})\b", re.I)
_RANKS = re.compile(rf"\b(?:{'|'.join(sorted(COMPARATIVE))})\b", re.I)


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
    skill: str | None = None
    """The skill that it names."""
    others: tuple["Requirement", ...] = ()
    """Any of which may be shown in its place."""

    @property
    def text(self) -> str:
        """As the question says it."""
        return " or ".join((self.names[0].text, *(other.text for other in self.others)))


@dataclass(frozen=True)
class Asked:
    """A question taken apart. `refusal` says why it is not answered whatever the texts hold."""

    named: tuple[str, ...]
    requirements: tuple[Requirement, ...]
    fields: tuple[str, ...]
    compares: bool = False
    counts: bool = False
    refusal: str | None = None
    values: tuple[Value, ...] = ()
    of_each: bool = False
    """Whether each of those that it names has to show it."""

    @property
    def required(self) -> tuple[Requirement | Value, ...]:
        """All that a candidate has to show."""
        return (*self.requirements, *self.values)

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
    valued = values_in(plain, surface)
    cues, requirements = _walk(segments(words_of(valued.rest, taxonomy), surface), _Namer(terms_of, taxonomy))
    several = len(named) > 1
    asked = Asked(
        named,
        tuple(requirements),
        (),
        compares=several and bool(_COMPARES.search(plain)),
        values=valued.values,
        of_each=several and bool(_EACH.search(plain)),
    )
    fields = _fields(asked, cues, plain, surface)
    telling = tuple(requirement for requirement in requirements if requirement.is_telling)
    asked = replace(
        asked,
        requirements=telling if fields or valued.values else telling or asked.requirements,
        fields=tuple(field for field in shown_fields(surface) if field in fields),
    )
    counts = bool(_ASKS_COUNT.search(plain)) and not asked.fields and not asked.values
    return replace(asked, counts=counts, refusal=valued.refusal or _refusal(asked, valued.rest))


def _fields(asked: Asked, cues: Iterable[str], plain: str, surface: Surface) -> frozenset[str]:
    """The values that are wanted."""
    asks_value = len(asked.named) > 1 or bool(_ASKS_VALUE.search(plain)) or bool(asked.named and not asked.required)
    fields = frozenset(field for cue in cues if asks_value for field in FIELDS_OF_CUE[cue])
    shows_jobs = surface_spec(surface).shows_jobs
    if shows_jobs and any(value.is_pay for value in asked.values):
        return fields | {"budget_kind", *PAY}
    if fields or asked.required:
        return fields
    if asked.compares:
        return COMPARED
    if asked.named and not any(cues):
        return frozenset(FIELDS_OF_CUE["company"]) if shows_jobs and _WHO.search(plain) else TOLD
    return fields


def _refusal(asked: Asked, plain: str) -> str | None:
    for pattern, reason in _UNANSWERED:
        if pattern.search(plain):
            return reason
    if not asked.named and not asked.fields and _COUNTS_THEM.search(plain):
        return "the question asks how many there are, which no text shows; ask who they are"
    if not asked.named and _SUMS_UP.search(plain):
        return "the question asks for a figure over all there are, which no text shows; ask for the values of each"
    if _RANKS.search(plain) and len(asked.named) < 2:
        return "the question compares all there are; name those to be compared by their ids"
    if _FUTURE.search(plain) and not any(requirement.is_telling for requirement in asked.requirements):
        return "the question asks for what will be, which no text shows"
    if not (asked.named or asked.required) and (not asked.fields or _OWN.search(plain)):
        return "the question names nothing that could be looked for; name a skill, a place, a value or an id"
    return None


def _named(plain: str, known: Callable[[Sequence[str]], Sequence[bool]]) -> tuple[str, ...]:
    """Ids of candidates among the words, in their order."""
    words = [word.strip("\"'()[]{}?!,;:.").removesuffix("'s") for word in re.split(r"[\s,;?]+", plain)]
    words = list(dict.fromkeys(word for word in words if word))
    return tuple(word for word, is_id in zip(words, known(words), strict=True) if is_id)


def _walk(segmented: Iterable[Segment], namer: "_Namer") -> tuple[list[str], list[Requirement]]:
    """Cues that no value follows, and what has to be found, in the order of the question."""
    cues: dict[str, None] = {}
    requirements: list[Requirement] = []
    for segment in segmented:
        required = list(namer.requirements(segment.run, segment.cue)) if segment.run else []
        if segment.joint == "or" and required and requirements:
            first = requirements.pop()
            required = [replace(first, others=(*first.others, *required))]
        requirements += required
        if segment.cue is not None and not required:
            cues[segment.cue] = None
    return list(cues), requirements


class _Namer:
    """Makes requirements of words that belong together."""

    def __init__(self, terms_of: Terms, taxonomy: Taxonomy) -> None:
        self._terms_of = terms_of
        self._taxonomy = taxonomy

    def requirements(self, run: Sequence[Word], cue: str | None) -> Iterator[Requirement]:
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
                yield Requirement(self._names(own), roles, fields, cue, skill=own[0].skill)
        elif terms := self._terms(named):
            name = Name(" ".join(word.text for word in run), terms)
            yield Requirement((name,), roles, fields, cue, is_telling)

    def _telling(self, run: Sequence[Word]) -> list[Word]:
        """Without verbs before and words after that say little; all where nothing else is there."""
        first, last = 0, len(run)
        while first < last and not run[first].skill and run[first].lower in BEFORE:
            first += 1
        while last > first and not run[last - 1].skill and run[last - 1].lower in AFTER:
            last -= 1
        return list(run[first:last] or run)

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
