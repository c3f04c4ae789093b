"""Which currency a text names. A number that names none counts as US dollars, since the column that takes it does."""

import re
from collections.abc import Mapping
from functools import cache

from babel import Locale, UnknownLocaleError
from babel.numbers import get_currency_name

DOLLARS = re.compile(
    r"\bus\s?\$|\busd(?![a-z])|(?<=[0-9km])usd\b|(?<![a-z])\$(?:\s?usd\b)?"
    r"|\b(?:(?:us |u\.s\. )?dol(?:lars?|lari|arów|ares)|dólares|доллар(?:ов|а|ы)?(?: сша)?)\b"
)
"""Ways to say US dollars, in a casefolded text."""
SIGNS = {
    "€": "EUR", "£": "GBP", "¥": "JPY or CNY", "₹": "INR", "₽": "RUB", "₩": "KRW", "₴": "UAH", "₱": "PHP", "₦": "NGN",
    "₫": "VND", "₺": "TRY", "₪": "ILS", "฿": "THB", "₿": "BTC", "¢": "cents",
}  # fmt: skip
PREFIXED = {"c": "CAD", "ca": "CAD", "cad": "CAD", "a": "AUD", "au": "AUD", "aud": "AUD", "r": "BRL", "hk": "HKD",
             "nz": "NZD", "s": "SGD", "sg": "SGD", "mx": "MXN", "nt": "TWD"}  # fmt: skip
_WORDS = {
    "euro": "EUR", "euros": "EUR", "pound": "GBP", "pounds": "GBP", "rs": "rupees", "rupee": "rupees",
    "rupees": "rupees", "zł": "PLN", "kč": "CZK", "yen": "JPY", "yuan": "CNY", "cent": "cents", "cents": "cents",
    "lpa": "rupees", "lakh": "rupees", "lakhs": "rupees", "crore": "rupees", "crores": "rupees",
}  # fmt: skip
CODES = (
    "aed|ars|aud|bdt|brl|cad|chf|clp|cny|cop|czk|dkk|egp|eur|gbp|hkd|huf|idr|ils|inr|jpy|kes|krw|mxn|myr|ngn|nok|nzd|"
    "php|pkr|pln|rmb|ron|rub|sar|sek|sgd|thb|try|uah|vnd|zar"
)
_DOLLAR_WORDS = {"$": "USD", "usd": "USD", "dollar": "USD", "dollars": "USD", "buck": "USD", "bucks": "USD"}
_SPOKEN = {"rupees": "INR", "JPY or CNY": "JPY", "quid": "GBP"}
"""The currency that is mostly meant where a sentence says no more: CLDR's English gives the sign ¥ to the yen."""
_OTHER_WORDS = frozenset(("real", "reals", "rand", "won"))
"""Names of currencies that are other words too, or proper names."""
_INDIAN = ("lakh", "lakhs", "crore", "crores")
_NAMED = re.compile(
    rf"(?P<prefix>\b[a-z]+)\$|(?P<sign>[{''.join(SIGNS)}])|(?<![a-z])(?P<code>{CODES})(?![a-z])"
    rf"|(?<![^\W\d_])(?P<word>{'|'.join(_WORDS)})(?![^\W\d_])"
)
_CODE_WORDS = frozenset(CODES.split("|"))
_ISSUERS = {"EUR": "DE"}
"""Territories of currencies whose code does not begin with one."""
_BESIDE_A_NUMBER = re.compile(r"\b([A-Z]{3})(?=\s?[0-9])|(?<=[0-9])\s?([A-Z]{3})\b")


def foreign(text: str) -> str | None:
    """The currency other than US dollars that the text names; None where it names none."""
    spelled = text.casefold()
    rest = DOLLARS.sub(" ", spelled)
    for named in _NAMED.finditer(rest):
        if named["word"] in _INDIAN and rest != spelled:  # '$2 lakh' names its currency
            continue
        if named["prefix"]:
            return PREFIXED.get(named["prefix"], f"{named['prefix'].upper()} dollars")
        return SIGNS.get(named["sign"] or "") or _WORDS.get(named["word"] or "") or named["code"].upper()
    if rest == spelled:
        for before, after in _BESIDE_A_NUMBER.findall(text):
            if (before or after) in _known():
                return str(before or after)
    return None


@cache
def currency_names() -> Mapping[tuple[str, ...], str]:
    """From the words of a currency's English name to its code, and from its last word where that names one alone.

    Names are the Unicode CLDR's: 'canadian dollars', 'rubles'.
    """
    names: dict[tuple[str, ...], set[str]] = {}
    for code in (*(code.upper() for code in CODES.split("|") if code != "rmb"), "USD"):
        for count in (1, 2):
            words = tuple(get_currency_name(code, count, "en").lower().replace(".", "").split())
            names.setdefault(words, set()).add(code)
            names.setdefault(words[-1:], set()).add(code)
    return {words: codes.pop() for words, codes in names.items() if len(codes) == 1 and words[0] not in _OTHER_WORDS}


def spoken_currency(word: str) -> str | None:
    """ISO 4217 code of a sign, code or word of money in lower case, as a sentence means it; None for another word."""
    if dollars := _DOLLAR_WORDS.get(word):
        return dollars
    named = SIGNS.get(word) or _WORDS.get(word) or (word.upper() if word in _CODE_WORDS else word)
    code = _SPOKEN.get(named, named)
    return code if code in _known() else None


@cache
def decimal_mark(code: str) -> str | None:
    """The decimal mark of the language that is mostly spoken where a currency is, by the Unicode CLDR; None unknown.

    >>> decimal_mark("EUR"), decimal_mark("PLN"), decimal_mark("GBP")
    (',', ',', '.')
    """
    try:
        place = Locale.parse(f"und_{_ISSUERS.get(code, code[:2])}")
    except (UnknownLocaleError, ValueError):
        return None
    mark = place.number_symbols.get("latn", {}).get("decimal")
    return str(mark) if mark else None


def foreign_code(code: object) -> str | None:
    """The code of a currency field, unless it is US dollars or empty."""
    name = str(code or "").strip().upper()
    return None if name in ("", "USD", "US$", "$", "US DOLLAR", "US DOLLARS") else name


@cache
def _known() -> frozenset[str]:
    """ISO 4217 codes, as the Unicode CLDR has them."""
    return frozenset(Locale("en").currencies) - {"USD"}
