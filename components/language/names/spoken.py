"""Human languages by their English names. Knows no sentence."""

from collections.abc import Mapping
from functools import cache

from babel import Locale

from components.language.names.countries import folded_name

_COMMON = {
    "filipino": "Tagalog", "tagalog": "Tagalog", "mandarin": "Chinese", "mandarin chinese": "Chinese",
    "cantonese": "Cantonese", "castilian": "Spanish", "farsi": "Persian", "bahasa": "Indonesian",
    "bahasa indonesia": "Indonesian", "bahasa melayu": "Malay", "brazilian portuguese": "Portuguese",
    "european portuguese": "Portuguese", "latin american spanish": "Spanish", "mexican spanish": "Spanish",
    "american english": "English", "british english": "English", "us english": "English", "uk english": "English",
    "simplified chinese": "Chinese", "traditional chinese": "Chinese", "canadian french": "French",
    "swiss german": "German", "deutsch": "German", "espanol": "Spanish", "francais": "French", "flemish": "Dutch",
    "punjabi": "Punjabi", "bengali": "Bengali", "bangla": "Bengali", "ukranian": "Ukrainian", "nepali": "Nepali",
    "norwegian": "Norwegian",
}  # fmt: skip
"""Names in common use, and what a variety is spelled as."""


def language_name(name: str) -> str | None:
    """The English name of a language, by its name in any case or its ISO 639-1 code; None where it is none.

    >>> language_name("german"), language_name("Brazilian Portuguese"), language_name("fr")
    ('German', 'Portuguese', 'French')
    """
    folded = folded_name(name)
    return language_names().get(folded) or _codes().get(folded)


@cache
def language_names() -> Mapping[str, str]:
    """From folded name to the name."""
    return {folded_name(name): name for name in _by_code().values()} | _COMMON


@cache
def _codes() -> Mapping[str, str]:
    return {code: language_names()[folded_name(name)] for code, name in _by_code().items()}


def _by_code() -> dict[str, str]:
    """CLDR's names of the languages of ISO 639-1; others are hardly asked for, or mean other things."""
    return {code: name for code, name in Locale("en").languages.items() if len(code) == 2}
