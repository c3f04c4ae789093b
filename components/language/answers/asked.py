"""What a question asks: which candidates it names, which of their values it wants, and what they have to show for it.

English. Words of a question either frame it ("who has worked with"), name a value ("charge", "where"), or have to be
found in what a candidate shows. A question that asks for what is not there ("who does not") is not answered: no text
shows what is absent. Knows no candidate and no text.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from components.language.answers.shown import PLACE, Terms, shown_fields
from metier.contract import Surface
from metier.surfaces import surface_spec
from metier.texts.canonical import canonical

PAY = ("hourly_rate_usd", "budget_min_usd", "budget_max_usd", "salary_min_usd", "salary_max_usd")
FIELDS_OF_CUE = {
    "pay": PAY,
    "place": PLACE,
    "languages": ("languages",),
    "level": ("experience_level",),
    "hours": ("hours_per_week",),
    "skills": ("skills",),
    "title": ("title",),
    "category": ("category",),
    "company": ("company",),
    "industry": ("industry",),
    "openings": ("openings",),
    "posted": ("posted_at",),
}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CUE_OF_WORD = {
    **dict.fromkeys(_words("charge charges charging cost costs rate rates hourly price prices pay pays paid"), "pay"),
    **dict.fromkeys(_words("budget budgets salary cheap cheaper cheapest expensive"), "pay"),
    **dict.fromkeys(_words("where located location based live lives living country city region"), "place"),
    **dict.fromkeys(_words("language languages speak speaks spoken speaking"), "languages"),
    **dict.fromkeys(_words("level seniority"), "level"),
    "hours": "hours",
    **dict.fromkeys(_words("skill skills"), "skills"),
    **dict.fromkeys(_words("title headline profession occupation"), "title"),
    "category": "category",
    "company": "company",
    "industry": "industry",
    "openings": "openings",
    "when": "posted",
}
GOVERNING = ("pay", "place", "languages", "company", "industry")
"""Cues after which a value may follow that has to be found there: "speaks French"."""
PEOPLE_ONLY, JOBS_ONLY = ("hours",), ("company", "industry", "openings", "posted")
_LINKS = _words("a about an around at from in of the to")
"""What may stand between a cue and its value."""
_WITHIN = _words("a an of our the this your")
"""What may stand within words that belong together: "terms of service"."""
FRAME = _LINKS | _words(
    """
    all also am among and any anybody anyone anything anywhere applicant applicants are as ask asking asks be been
    being best between both but by can candidate candidates compare compared could did difference do does doing done
    each either else ever every everybody everyone experience familiar find for freelance freelancer freelancers get
    give good great had happen happens has have he her here him hire his how i if into involve involved involves
    involving is it its job jobs kind know knowing knowledge known knows like list lists long look looking made make
    makes many may me mention mentioned mentions might more much my myself need needed needs offer offering offers
    often on or our out over people person please post posted postings posts profile profiles require required
    requires s say says seek seeks she should show shows so some somebody someone something sort such talent tell
    than that their them then there these they this those through under us use used uses using versus very vs want
    wants was we were what when which who whom whose will with work worked working works would year years you your
    """
)
"""Words that say how is asked, not what."""
ROLES = _words(
    """
    consultant consultants designer designers developer developers engineer engineers expert experts programmer
    programmers professional professionals specialist specialists
    """
)
"""Words that the entry of a skill leaves out: a "React developer" may list React."""
PLAIN = _words(
    """
    background build building builds built business businesses client clients companies company create created creates
    deliver delivered delivers firm firms handle handled help helped helps industry led manage managed practice project
    projects provide provides role roles services specialized task tasks team teams worker workers write writes writing
    written wrote
    """
)
"""Words that say little beside others: a text may say the same without them."""
COMPARATIVE = _words("cheaper cheapest fewest higher highest least less lower lowest most expensive")
"""Words that ask for an order."""
TOLD = frozenset({"title", "skills"})
"""What is told of a candidate when nothing in particular is asked."""
COMPARED = TOLD | frozenset((*PAY, *PLACE, "experience_level"))
_NEGATION = re.compile(r"\b(?:not|never|without|neither|nor|except|excluding|cannot|lacks?)\b|n't\b", re.I)
_HOURS = re.compile(r"\bhours? (?:a|per|each|every) week\b|\bweekly hours\b", re.I)
_OWN = re.compile(r"\b(?:my|mine|myself|am|i|our|ours)\b", re.I)
_ASKS_VALUE = re.compile(r"\b(?:what|which|where|when|how|list|show|tell|give|compare|versus|vs)\b", re.I)
_ASKS_COUNT = re.compile(r"\bhow (?:many|long|often|old|big)\b", re.I)
_COMPARES = re.compile(rf"\b(?:compare|compared|versus|vs|difference|{'|'.join(sorted(COMPARATIVE))})\b", re.I)
_RANKS = re.compile(rf"\b(?:{'|'.join(sorted(COMPARATIVE))})\b", re.I)
_WORD = re.compile(r"[^\W_][\w+#.'&-]*|[,;:?!/()]")


@dataclass(frozen=True)
class Requirement:
    """Words that a candidate has to show together: all of `terms`, and of `roles` where it is no entry of a skill."""

    text: str
    terms: tuple[str, ...]
    roles: tuple[str, ...] = ()
    fields: tuple[str, ...] | None = None
    """Where they have to stand, or else in a sentence that has `cue`; None: anywhere."""
    cue: str | None = None


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
    question: str, surface: Surface, terms_of: Terms, known: Callable[[Sequence[str]], Sequence[bool]]
) -> Asked:
    """The question taken apart; `known` says which of some words are ids of candidates."""
    plain = _HOURS.sub("hours", canonical(question))
    named = _named(plain, known)
    for name in named:
        plain = re.sub(rf"{re.escape(name)}(?:'s)?", " , ", plain)
    cues, requirements = _walk(plain, surface, terms_of)
    asks_value = bool(_ASKS_VALUE.search(plain)) or len(named) > 1
    groups = list(dict.fromkeys(cues)) if asks_value else []
    compares = len(named) > 1 and bool(_COMPARES.search(plain))
    fields = frozenset(field for cue in groups for field in FIELDS_OF_CUE[cue])
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
    if not (asked.named or asked.requirements) and (not asked.fields or _OWN.search(plain)):
        return "the question names nothing that could be looked for; name a skill, a place, a value or an id"
    return None


def _named(plain: str, known: Callable[[Sequence[str]], Sequence[bool]]) -> tuple[str, ...]:
    """Ids of candidates among the words, in their order."""
    words = [word.strip("\"'()[]{}?!,;:.").removesuffix("'s") for word in re.split(r"[\s,;?]+", plain)]
    words = list(dict.fromkeys(word for word in words if word))
    return tuple(word for word, is_id in zip(words, known(words), strict=True) if is_id)


def _walk(plain: str, surface: Surface, terms_of: Terms) -> tuple[list[str], list[Requirement]]:
    """Cues that no value follows, and what has to be found, in the order of the question."""
    cues: list[str] = []
    requirements: list[Requirement] = []
    for cue, words in _segments(plain, surface):
        requirement = _requirement(words, cue, terms_of) if words else None
        if requirement is not None:
            requirements.append(requirement)
        elif cue is not None:
            cues.append(cue)
    telling = [each for each in requirements if not _words(each.text.lower()) <= PLAIN]
    return cues, telling or requirements


def _segments(plain: str, surface: Surface) -> Iterator[tuple[str | None, list[str]]]:
    """Runs of words that neither frame nor cue, each with the cue that governs it; a cue alone with no words."""
    others = PEOPLE_ONLY if surface_spec(surface).shows_jobs else JOBS_ONLY
    governs: str | None = None
    words: list[str] = []
    for match in _WORD.finditer(plain):
        word = match[0].rstrip(".'-&")
        lower = word.lower().removesuffix("'s")
        cue = CUE_OF_WORD.get(lower)
        cue = None if cue in others else cue
        if cue is None and word and lower not in FRAME | COMPARATIVE and not _is_mark(word):
            words.append(word)
            continue
        if words and lower in _WITHIN:
            continue
        if words:
            yield governs, words
            governs, words = None, []
        if cue is not None:
            if governs is not None:
                yield governs, []
            governs = cue
            if cue not in GOVERNING:
                yield cue, []
                governs = None
        elif governs is not None and lower not in _LINKS:
            yield governs, []
            governs = None
    if words or governs is not None:
        yield governs, words


def _is_mark(word: str) -> bool:
    return word in ",;:?!/()"


def _requirement(words: Sequence[str], cue: str | None, terms_of: Terms) -> Requirement | None:
    telling = [word for word in words if word.lower() not in PLAIN] or words
    named = [word for word in telling if word.lower() not in ROLES]
    terms = terms_of(" ".join(named or telling))
    if not terms:
        return None
    roles = terms_of(" ".join(word for word in telling if word.lower() in ROLES)) if named else []
    return Requirement(" ".join(words), tuple(terms), tuple(roles), FIELDS_OF_CUE[cue] if cue else None, cue)
