"""E-mail addresses, phone numbers and links in texts: how many there are, and the text with each masked.

Pure. Looks at the canonical form, so that styled letters hide nothing; what is not masked stays as it was written.
Finds what is written as such and leaves prices, years, dates and version numbers alone: digits are a phone number in
the usual groups, after a word such as 'call', with a country code, or where the numbering plan of a country says so
and they stand in its groups (phonenumbers, https://github.com/daviddrysdale/python-phonenumbers). Knows no names of
people.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache

from phonenumbers import Leniency, PhoneNumberMatcher

from metier.texts.canonical import aligned, origins

EMAIL, PHONE, LINK = "e-mail", "phone", "link"
MASKS = frozenset(f"[{kind}]" for kind in (EMAIL, PHONE, LINK))
"""What stands in place of each: a member of a list that is nothing else says nothing."""
Span = tuple[str, int, int]
"""(kind, start, stop) of what is masked."""

REGIONS = ("US", "GB", "IN", "PK", "BD", "PH", "UA", "RU", "DE", "FR", "BR", "AU", "JP", "IL")
"""Numbering plans by which digits without a country code are read."""

_LINK = (
    r"(?:https?://|www\.)[^\s<>\"'\])]*[^\s<>\"'\]).,;:!?]"
    r"|(?<![\w@.-])(?:[a-z0-9-]+\.)+(?:com|org|info|biz|co|me|ly|gl|gle|ee)/[^\s<>\"'\])]*[\w/]"
)
_EMAIL = (
    r"(?<![\w.+-])[\w+-][\w.+-]*(?:@|\s?[(\[]\s?at\s?[)\]]\s?)[a-z0-9-]+"
    r"(?:(?:\.|\s?[(\[]\s?dot\s?[)\]]\s?)[a-z0-9-]+)+"
)
_BEFORE, _AFTER = r"(?<![\w.,$€£+-])", r"(?![\w$€£%-]|[.,:][0-9])"
_GROUPED = (
    rf"{_BEFORE}-?(?:"
    r"\+[1-9][0-9]{0,2}(?:[ .-]?\(?[0-9]{1,5}\)?){2,5}"
    r"|(?:1[ .-])?(?:\([2-9][0-9]{2}\)(?:[ .-]| - )?|[2-9][0-9]{2}(?:[ .-]| - ))[0-9]{3}(?:[ .-]| - )[0-9]{4}"
    r"|\([2-9][0-9]{2}\) ?[0-9]{7}|[2-9][0-9]{2}-[0-9]{4}(?!000)[0-9]{3}"
    r"|\(?0(?!00)[0-9]{2,4}\)?[ -][0-9]{3,4}[ -]?[0-9]{3,4}"
    r"|0[0-9](?:[ .-][0-9]{2}){4}"
    rf"){_AFTER}"
)
_PERSONAL = re.compile(f"(?P<link>{_LINK})|(?P<email>{_EMAIL})|(?P<phone>{_GROUPED})", re.I)
_PHONE = re.compile(f"(?P<phone>{_GROUPED})", re.I)
_SIGN_OF_WORDS, _SIGN_OF_DIGITS = r"[@/(\[]|www\.", "[0-9]"
SIGNS = f"(?i){_SIGN_OF_WORDS}|{_SIGN_OF_DIGITS}"
"""A regular expression; a text in ASCII in which nothing matches holds no personal data."""
_HAS_WORDS, _HAS_DIGITS = re.compile(_SIGN_OF_WORDS, re.I), re.compile(_SIGN_OF_DIGITS)
_DIGITS = re.compile(rf"{_BEFORE}\(?[0-9]+\)?(?:(?: ?[./-] ?| |(?=\())\(?[0-9]+\)?){{1,5}}(?:x[0-9]{{1,5}})?{_AFTER}")
_RUN = re.compile("[0-9]{7}")
_CUED = re.compile(
    r"(?P<cue>\b(?:call|cell|mobile|phone|ph|sms|signal|tel|telegram|telephone|viber|whatsapp)\b[^0-9\n$€£+]{0,15}"
    r"|\b(?:contact|fax|home|mob|number|office|work)\b(?: me| us| is)?[ :#.-]{1,3}(?=[0-9]{10})"
    r"|(?:\b[mpt]:|[☎✆📞📱📲]) ?(?=[2-9][0-9]{2} ?[0-9]{7}))"
    r"(?P<phone>(?!(?:19|20)[0-9]{6}\b)[0-9]{8,15}|[2-9][0-9]{2} [0-9]{7})(?![\w-]|[.,:][0-9])",
    re.I,
)
_KINDS = {"link": LINK, "email": EMAIL, "phone": PHONE}
_LENGTHS = range(8, 16)
_AMOUNTS = re.compile(r"000(?![0-9])|^[0-9]{4,} ?- ?[0-9]{4,}$")
"""Thousands, and a range of two numbers."""
_LEAST_NATIONAL = 9
"""Fewer digits without a country code are more often dates and years than a number with its area code."""


def mask(text: str) -> tuple[str, Counter[str]]:
    """The text with '[e-mail]', '[phone]' and '[link]' in place of each, and how many of each there were."""
    counts: Counter[str] = Counter()
    for spans in (_written, _after_cue, _by_numbering_plan):
        text = _masked(text, spans, counts)
    return text, counts


def _masked(text: str, spans: Callable[[str], Iterator[Span]], counts: Counter[str]) -> str:
    plain = aligned(text)
    found = list(spans(plain))
    if not found:
        return text
    origin = range(len(text)) if plain == text else origins(text)
    parts, end = [], 0
    for kind, start, stop in found:
        counts[kind] += 1
        parts += [text[end : origin[start]], f"[{kind}]"]
        end = origin[stop - 1] + 1
    return "".join([*parts, text[end:]])


def _written(text: str) -> Iterator[Span]:
    if _HAS_WORDS.search(text):
        matches = _PERSONAL.finditer(text)
    elif _HAS_DIGITS.search(text):
        matches = _PHONE.finditer(text)
    else:
        return
    for match in matches:
        kind = _KINDS[match.lastgroup or ""]
        if kind != PHONE or sum(map(str.isdecimal, match[0])) in _LENGTHS:
            yield kind, match.start(), match.end()


def _after_cue(text: str) -> Iterator[Span]:
    if _RUN.search(text):
        yield from ((PHONE, *match.span("phone")) for match in _CUED.finditer(text))


def _by_numbering_plan(text: str) -> Iterator[Span]:
    for match in _DIGITS.finditer(text):
        for start, stop in _numbers(match[0]):
            yield PHONE, match.start() + start, match.start() + stop


@lru_cache(maxsize=65_536)
def _numbers(digits: str) -> tuple[tuple[int, int], ...]:
    """Where numbers stand in a run of groups of digits, by the first region whose plan and groups they keep."""
    if sum(map(str.isdecimal, digits)) < _LEAST_NATIONAL or _AMOUNTS.search(digits):
        return ()
    for region in REGIONS:
        matches = PhoneNumberMatcher(digits, region, leniency=Leniency.STRICT_GROUPING)
        if spans := tuple((match.start, match.end) for match in matches):
            return spans
    return ()
