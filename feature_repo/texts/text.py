"""The text of a freelancer and of a job, its key, and the one analyser that all lexical matching shares.

Knows no index, no encoder and no table. sql/*.sql spell the same texts and keys; a test holds them equal.
"""

import functools
import hashlib
from collections.abc import Sequence
from typing import Any

import tantivy

from metier.errors import UnknownNameError
from metier.languages import ENGLISH, STEMMERS

TERM = r"[\p{L}\p{N}]+[+#]*"
"""Letters and digits, with the signs that tell C++ and C# from C."""
LONGEST_TERM = 40


@functools.cache
def analyser(language: str = ENGLISH) -> Any:
    """The tantivy TextAnalyzer of a language (ISO 639-1): terms, lower case, stemmed. UnknownNameError if none."""
    if language not in STEMMERS:
        raise UnknownNameError("language", language, tuple(STEMMERS))
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.regex(TERM))
    for step in (tantivy.Filter.remove_long(LONGEST_TERM), tantivy.Filter.lowercase()):
        builder = builder.filter(step)
    return builder.filter(tantivy.Filter.stemmer(STEMMERS[language])).build()


def analyze(text: str, language: str = ENGLISH) -> list[str]:
    """Terms of a text, in order, repeated as they occur."""
    terms: list[str] = analyser(language).analyze(text)
    return terms


def card_text(title: str, prose: str, skills: Sequence[str]) -> str:
    """What a freelancer or a job is encoded and indexed by: what is cut off is the end of the prose."""
    return f"{title}. {', '.join(skills)}. {prose}"


def headline(title: str | None, city: str | None, region: str | None, company: str | None = None) -> str:
    """What a card shows at a glance: the title and where and with whom it is."""
    return " ".join(part for part in (title, city, region, company) if part)


def text_key(text: str) -> str:
    """First 16 hex digits of the sha256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
