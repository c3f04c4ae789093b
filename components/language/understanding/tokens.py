"""A typed sentence as tokens in canonical form, each with the characters that it came from. Knows no vocabulary."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from components.language.names.countries import folded_name
from metier.texts.canonical import aligned, canonical, origins

_TOKEN = re.compile(
    r"(?P<word>w/o\b|w/(?=\s|$|\w)|[^\W\d_]+(?:[.'][^\W\d_]+)*)"
    r"|(?P<number>\d{1,3}(?:[,']\d{2,3})+(?:\.\d+)?|\d{1,3}(?:\.\d{3})+(?:,\d{1,2})?(?![\d,.]*\d)"
    r"|\d{1,3}(?: \d{3})+(?:,\d{1,2})?(?![\d,.]*\d)|\d+(?:[.,]\d+)?)"
    r"|(?P<break>\.\.+|<=|>=|->|=>|\n|\S)"
)
_HYPHENATED = re.compile(r"(?<=[^\W\d_])-(?=[^\W\d_])")


@dataclass(slots=True)
class Token:
    """`text` in lower case without accents; [start, end) in the canonical sentence."""

    text: str
    raw: str
    kind: str
    """`word`, `number` or `mark`."""
    start: int
    end: int
    is_glued: bool = False
    """Whether nothing stands between it and the token before."""


@dataclass(frozen=True)
class Sentence:
    """The canonical text, its tokens, and for each of its characters the position in the typed text."""

    text: str
    tokens: Sequence[Token]
    origin: Sequence[int] | None
    """None where both are the same."""

    @classmethod
    def of(cls, typed: str) -> "Sentence":
        text = canonical(typed)
        return cls(text, _tokens(text), None if typed.isascii() else _origin(typed, text))

    def span(self, first: int, last: int) -> tuple[int, int]:
        """[start, end) in the typed text of the tokens from `first` to `last`."""
        start, end = self.tokens[first].start, self.tokens[last].end
        return (start, end) if self.origin is None else (self.origin[start], self.origin[end - 1] + 1)


def _tokens(text: str) -> list[Token]:
    tokens: list[Token] = []
    end = -1
    for match in _TOKEN.finditer(text):
        raw = match[0]
        if raw == "-" and _HYPHENATED.match(text, match.start()):
            continue  # 'full-time' is two words
        kind = str(match.lastgroup)
        folded = raw.lower() if raw.isascii() else folded_name(raw) or raw
        start = match.start()
        is_glued = start == end or (start == end + 1 and text[end] == "-" and kind == "word")
        tokens.append(Token(folded, raw, "mark" if kind == "break" else kind, start, match.end(), is_glued))
        end = match.end()
    return tokens


def _origin(typed: str, text: str) -> list[int]:
    """Marks are composed with the letter before them: a composed letter came from where its first part did."""
    plain, origin = aligned(typed), origins(typed)
    if len(plain) == len(text):
        return origin
    starts = [place for place, char in enumerate(plain) if not unicodedata.combining(char) or not place]
    parts = zip(starts, [*starts[1:], len(plain)], strict=True)
    composed = [origin[start] for start, end in parts for _ in unicodedata.normalize("NFC", plain[start:end])]
    return (composed + [origin[-1]] * len(text))[: len(text)]
