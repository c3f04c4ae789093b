"""Texts and names as words: what is compared, and where it stands.

A word is a run of letters and digits with the signs that are part of a name: `c++`, `c#`, `.net`. Words of one name may
stand side by side, or have a space, hyphen, slash or dot between them: Node.js, node js and Node-JS are two words each.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

_WORD = re.compile(r"(?:(?<![\w.])\.(?=[A-Za-z]))?[^\W_]+(?:'[^\W_]+)*[+#]*|&")
_JOINTS = frozenset(("", " ", "  ", "-", "/", ".", "_", " / ", "/ ", " /", "® ", "®", "\u00a0"))
_SPELLINGS = tuple(
    (re.compile(pattern), ours)
    for pattern, ours in (
        (r"(?<=[a-z]{3})is(?=(?:e|es|ed|er|ers|ing|ation|ations)$)", "iz"),
        (r"(?<=[a-z]{2})ys(?=(?:e|es|ed|ing)$)", "yz"),
        (r"(?<=[a-z][aeiou])ll(?=(?:ing|ed|er|ers)$)", "l"),
        (r"(?<=[a-z]{2})our(?=(?:s|ed|ing|al)?$)", "or"),
        (r"(?<=[a-z]{3})re$", "er"),
        (r"(?<=[a-z]{4})ogue(?=s?$)", "og"),
        (r"(?<=[a-z]{4})gramme(?=s?$)", "gram"),
        (r"(?<=[a-z]{3})enc(?=e[sd]?$)", "ens"),
    )
)


@dataclass(frozen=True, slots=True)
class TextWord:
    """A word of a text: as it is written, where it stands, and whether it may go on with the name before it."""

    word: str
    start: int
    end: int
    joins: bool


def tokens(text: str) -> list[TextWord]:
    """The words of a text in their order."""
    found, end = [], 0
    for match in _WORD.finditer(text):
        start = match.start()
        found.append(TextWord(match[0], start, match.end(), text[end:start] in _JOINTS))
        end = match.end()
    return found


def key(word: str) -> str:
    """A word as names are compared by it: in lower case, without apostrophes; `&` is `and`."""
    return "and" if word == "&" else word.lower().replace("'", "")


def name_key(name: str) -> tuple[str, ...]:
    """A name as it is compared: the words of its text, whatever stands between them."""
    return tuple(map(key, _WORD.findall(name)))


def verbs(word: str) -> tuple[str, ...]:
    """What a gerund may be of: managing, of manage; nothing for other words."""
    if len(word) < 6 or not word.endswith("ing"):
        return ()
    stem = word[:-3]
    return (stem, stem + "e", stem[:-1]) if stem[-1] == stem[-2] else (stem, stem + "e")


@lru_cache(maxsize=65_536)
def form(word: str) -> str:
    """What a word has in common with its plural and its British or American spelling; not always a word itself."""
    for pattern, ours in _SPELLINGS:
        word = pattern.sub(ours, word)
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "xes", "sses")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and word[-2] not in "su" else word
