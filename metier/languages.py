"""Languages whose words are stemmed where texts are matched, by ISO 639-1 code."""

from metier.errors import UnknownNameError

ENGLISH = "en"
STEMMERS = {
    "ar": "arabic", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish", "fi": "finnish",
    "fr": "french", "hu": "hungarian", "it": "italian", "nl": "dutch", "no": "norwegian", "pt": "portuguese",
    "ro": "romanian", "ru": "russian", "sv": "swedish", "ta": "tamil", "tr": "turkish",
}  # fmt: skip
"""Snowball stemmer of each language."""
_CODES = {name: code for code, name in STEMMERS.items()}


def language_code(language: str) -> str:
    """ISO 639-1 code of a language given by code or by English name, in any case; UnknownNameError without a stemmer.

    >>> language_code("German"), language_code("de")
    ('de', 'de')
    """
    lower = language.strip().lower()
    code = _CODES.get(lower, lower)
    if code not in STEMMERS:
        raise UnknownNameError("language", language, tuple(STEMMERS))
    return code
