"""The text of a freelancer and of a job, its key, and the one analyser that all lexical matching shares.

Knows no index, no encoder and no table. sql/*.sql spell the same texts and keys; a test holds them equal.
"""

import functools
import hashlib
import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import tantivy

from metier.errors import UnknownNameError
from metier.languages import ENGLISH, STEMMERS
from metier.texts.canonical import canonical

ANALYSIS = 2
"""Raise when the terms of a text become others: term weights and indexes made before are then made anew."""
TERM = r"[\p{L}\p{N}][\p{L}\p{M}\p{N}]*[+#]*"
"""Letters with their marks and digits, and the signs that tell C++ and C# from C."""
LONGEST_TERM = 40
"""Letters; longer runs are addresses, keys and pictures spelled as letters, and no words."""
MOST_BYTES = 4 * LONGEST_TERM
_TOO_LONG = re.compile(rf"(?<![^\W_])[^\W_]{{{LONGEST_TERM + 1},}}")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\U00020000-\U0003ffff]+"
)
"""Runs of scripts that put no space between words: Thai, Lao, Burmese, Khmer, Kana, Han."""
_MARKS = "".join(chr(code) for code in range(0xE00, 0x3100) if unicodedata.category(chr(code)).startswith("M"))
_LETTER = re.compile(f".[{_MARKS}]*")
"""One letter and its marks."""


@functools.cache
def analyser(language: str = ENGLISH) -> Any:
    """The tantivy TextAnalyzer of a language (ISO 639-1): terms, lower case, stemmed. UnknownNameError if none."""
    if language not in STEMMERS:
        raise UnknownNameError("language", language, tuple(STEMMERS))
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.regex(TERM))
    for step in (tantivy.Filter.remove_long(MOST_BYTES + 1), tantivy.Filter.lowercase()):
        builder = builder.filter(step)
    return builder.filter(tantivy.Filter.stemmer(STEMMERS[language])).build()


def analyze(text: str, language: str = ENGLISH) -> list[str]:
    """Terms of a text, in order, repeated as they occur."""
    terms: list[str] = analyser(language).analyze(searchable(text))
    return terms


def searchable(text: str) -> str:
    """What the analyser is given: the canonical form, without endless words, pairs of letters of unspaced scripts.

    Thai, Chinese and their like are searched by overlapping pairs, as Lucene's CJKAnalyzer does. What it gives has the
    same terms when it is given again.

    >>> searchable("東京都 IT")
    ' 東京 京都  IT'
    """
    plain = canonical(text)
    if not plain.isascii():
        plain = _UNSPACED.sub(_pairs, plain)
    return _TOO_LONG.sub(" ", plain)


def _pairs(run: re.Match[str]) -> str:
    letters = _LETTER.findall(run[0])
    return f" {' '.join(map(''.join, pairwise(letters)))} " if len(letters) > 1 else f" {run[0]} "


def card_text(title: str, prose: str, skills: Sequence[str]) -> str:
    """What a freelancer or a job is encoded and indexed by: what is cut off is the end of the prose."""
    return f"{title}. {', '.join(skills)}. {prose}"


def headline(title: str | None, city: str | None, region: str | None, company: str | None = None) -> str:
    """What a card shows at a glance: the title and where and with whom it is."""
    return " ".join(part for part in (title, city, region, company) if part)


def text_key(text: str) -> str:
    """First 16 hex digits of the sha256 of a text's canonical form: equal keys have equal vectors."""
    return hashlib.sha256(canonical(text).encode()).hexdigest()[:16]
