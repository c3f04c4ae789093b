"""E-mail addresses, phone numbers and links in texts: how many there are, and the text with each masked.

Pure. Finds what is written as such and leaves prices, years, dates and version numbers alone, so a number is a phone
number only with a country code, in the usual groups, or after a word such as 'call'. Knows no names of people.
"""

import re
from collections import Counter

EMAIL, PHONE, LINK = "e-mail", "phone", "link"

_LINK = (
    r"(?:https?://|www\.)[^\s<>\"'\])]*[^\s<>\"'\]).,;:!?]"
    r"|(?<![\w@.-])(?:[a-z0-9-]+\.)+(?:com|org|info|biz|co|me|ly|gl|gle|ee)/[^\s<>\"'\])]*[\w/]"
)
_EMAIL = (
    r"(?<![\w.+-])[\w+-][\w.+-]*(?:@|\s?[(\[]\s?at\s?[)\]]\s?)[a-z0-9-]+"
    r"(?:(?:\.|\s?[(\[]\s?dot\s?[)\]]\s?)[a-z0-9-]+)+"
)
_PHONE = (
    r"(?<![\w.,$€£+-])(?:"
    r"\+[1-9][0-9]{0,2}(?:[ .-]?\(?[0-9]{1,5}\)?){2,5}"
    r"|(?:1[ .-])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[ .-])[0-9]{3}[ .-][0-9]{4}"
    r"|\(?0[0-9]{2,4}\)?[ -][0-9]{3,4}[ -]?[0-9]{3,4}"
    r"|0[0-9](?:[ .-][0-9]{2}){4}"
    r")(?![\w$€£%-]|[.,:][0-9])"
)
_FOUND = re.compile(f"(?P<link>{_LINK})|(?P<email>{_EMAIL})|(?P<phone>{_PHONE})", re.I)
_CUED = re.compile(
    r"(?P<cue>\b(?:call|cell|mobile|phone|ph|sms|signal|tel|telegram|telephone|viber|whatsapp)\b[^0-9\n$€£+]{0,15})"
    r"(?P<phone>(?!(?:19|20)[0-9]{6}\b)[0-9]{8,15})(?![\w-]|[.,:][0-9])",
    re.I,
)
_KINDS = {"link": LINK, "email": EMAIL, "phone": PHONE}
_DIGITS = range(8, 16)


def mask(text: str) -> tuple[str, Counter[str]]:
    """The text with '[e-mail]', '[phone]' and '[link]' in place of each, and how many of each there were."""
    found: Counter[str] = Counter()

    def name(match: re.Match[str]) -> str:
        kind = _KINDS[match.lastgroup or ""]
        if kind == PHONE and sum(map(str.isdecimal, match[0])) not in _DIGITS:
            return match[0]
        found[kind] += 1
        return f"[{kind}]"

    def name_after_cue(match: re.Match[str]) -> str:
        found[PHONE] += 1
        return f"{match['cue']}[{PHONE}]"

    return _CUED.sub(name_after_cue, _FOUND.sub(name, text)), found
