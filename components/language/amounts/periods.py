"""What a sum of money is paid by: the hour, the day, the week, the month, the year, or the piece."""

import re
from functools import cache

from components.language.amounts.words_of_pay import PAY, STRONG, WEAK, adverbs, nouns, units

_BETWEEN = r"\s*[(\[,]?\s*"
_WORD = r"[^\W\d_]+(?:[.'’-][^\W\d_]+)*"
_SAID_BEFORE = "|".join(sorted((re.escape(f"{word} ") for word in STRONG if word.isalpha()), key=len, reverse=True))
_EACH = re.compile(rf"{_BETWEEN}(?:/|p/|per-|{_SAID_BEFORE})\s*(?:l['’])?(?P<unit>{_WORD})\.?")
_OF_TIME = re.compile(
    rf"{_BETWEEN}(?:(?:{'|'.join(sorted(WEAK, key=len, reverse=True))})(?:\s+|['’]))+(?P<unit>{_WORD})\.?"
)
_BARE = re.compile(rf"{_BETWEEN}(?P<unit>{_WORD})\.?")
_A_NUMBER_OF = re.compile(
    rf"{_BETWEEN}(?:/|(?:per|for|every|each|por|par|pro|für|pour|alle|cada|за|каждые)\s)\s*[0-9][0-9.,]*\s*(?:{_WORD})?"
)
_TOKEN = re.compile(rf"/|{_WORD}")


@cache
def _quantity() -> re.Pattern[str]:
    """A length of time or a share of it ('1 to 3 months', '30+ hrs/week'), which is no period of pay."""
    time = f"(?:{'|'.join(sorted(nouns(), key=len, reverse=True))})"
    return re.compile(
        rf"(?<![$\w.,])[0-9]+\+?(?:\s*(?:-|to)\s*[0-9]+\+?)?[\s-]*{time}\b"
        rf"(?:\s*(?:/|per |an? |each |every )\s*{time}\b)?"
    )


def attached(after: str) -> tuple[str | None, int]:
    """The period, or the piece, that stands directly behind a sum, and where the words for it end."""
    if not after.strip():
        return None, 0
    if number := _A_NUMBER_OF.match(after):
        return "piece", number.end()
    if each := _EACH.match(after):
        return _unit(each["unit"]), each.end()
    for pattern in (_OF_TIME, _BARE):
        found = pattern.match(after)
        if found and (period := _beside_a_sum(found["unit"], is_bare=pattern is _BARE)):
            return period, found.end()
    return None, 0


def _beside_a_sum(word: str, is_bare: bool) -> str | None:
    return nouns().get(word) or adverbs().get(word) or ("year" if word == "an" and not is_bare else None)


def named_in(note: str) -> tuple[str | None, list[str]]:
    """The period that a note `without_times` names, of several the first; and the note's words that name none."""
    words = _TOKEN.findall(note)
    first: str | None = None
    others, before = [], ""
    for at, spelled in enumerate(words):
        article, _, word = spelled.rpartition("'" if "'" in spelled else "’")
        period = _named(word, article or before, words[at + 1] if at + 1 < len(words) else "")
        first = first or period
        if period is None and spelled != "/":
            others.append(spelled)
        before = spelled
    return first, others


def without_times(note: str) -> str:
    """The note without lengths of time and shares of it."""
    return _quantity().sub(" ", note)


def unstated_hours(after: str) -> bool:
    """Whether a number is followed by what it counts: '5 hours' is no sum."""
    return bool(re.match(r"\s*(?:hours?|hrs|days?|weeks?|months?|years?|yrs?|mins?|minutes?)\b", after))


def period_of(field: str) -> str:
    """The period that a field of its own names ('HOUR', 'per-year-salary'); the field's word where it is none."""
    word = field.casefold().replace("_", "-").removeprefix("per-").removeprefix("per ").strip().rstrip(".")
    return _unit(word)


def _unit(word: str) -> str:
    return units().get(word) or units().get(word.split("-")[0]) or word


def _named(word: str, before: str, behind: str) -> str | None:
    """The period of a word of a note, which its neighbours decide."""
    if period := adverbs().get(word):
        return period
    if before in STRONG and (period := units().get(word)):
        return period
    return nouns().get(word) if before in WEAK or behind in PAY else None
