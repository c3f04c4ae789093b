"""Countries as people write them in English: CLDR's names, ISO 3166 codes, names in common use, and demonyms.

Knows no sentence: what a word means in one is `components.language.understanding`.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from babel import Locale
from countryinfo import CountryInfo

from metier.texts.canonical import canonical

_VARIANTS = ("en", "en_GB", "en_AU", "en_IN", "en_001", "en_150")
"""English as CLDR spells territories in it."""
_COMMON = {
    "us": "US", "usa": "US", "u.s": "US", "u.s.a": "US", "united states of america": "US", "america": "US",
    "the states": "US",
    "uk": "GB", "u.k": "GB", "great britain": "GB", "britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB",
    "northern ireland": "GB", "uae": "AE", "u.a.e": "AE", "emirates": "AE", "holland": "NL", "the netherlands": "NL",
    "czech republic": "CZ", "turkey": "TR", "turkiye": "TR", "ivory coast": "CI", "cote d'ivoire": "CI",
    "burma": "MM", "myanmar": "MM", "korea": "KR", "republic of korea": "KR", "russian federation": "RU",
    "viet nam": "VN", "macedonia": "MK", "hong kong": "HK", "macau": "MO", "macao": "MO", "taiwan": "TW",
    "palestine": "PS", "bosnia": "BA", "bosnia and herzegovina": "BA", "trinidad": "TT", "congo": "CD", "drc": "CD",
    "dr congo": "CD", "democratic republic of the congo": "CD", "democratic republic of congo": "CD",
    "congo kinshasa": "CD",
    "republic of the congo": "CG", "republic of congo": "CG", "congo republic": "CG", "congo brazzaville": "CG",
    "republic of china": "TW", "people's republic of china": "CN", "democratic people's republic of korea": "KP",
    "ksa": "SA", "prc": "CN", "mainland china": "CN", "swaziland": "SZ", "east timor": "TL", "vatican": "VA",
    "brasil": "BR", "deutschland": "DE", "espana": "ES", "italia": "IT", "the philippines": "PH", "the gambia": "GM",
    "north korea": "KP", "south korea": "KR", "cape verde": "CV", "reunion": "RE", "st lucia": "LC",
}  # fmt: skip
"""Names in common use that CLDR's English lacks."""
_DEMONYMS = {
    "argentinian": "AR", "argentine": "AR", "bosnian": "BA", "brit": "GB", "brits": "GB", "briton": "GB",
    "english": "GB", "scottish": "GB", "welsh": "GB", "filipina": "PH", "pinoy": "PH", "pinay": "PH", "kazakh": "KZ",
    "kyrgyz": "KG", "nepali": "NP", "new zealand": "NZ", "slovenian": "SI", "slovak": "SK", "slovakian": "SK",
    "serb": "RS", "croat": "HR", "tajik": "TJ", "korean": "KR", "turk": "TR", "ecuadorian": "EC", "afghani": "AF",
    "saudi": "SA", "uzbek": "UZ", "latvian": "LV", "icelandic": "IS", "indian": "IN", "chinese": "CN", "french": "FR",
    "american": "US", "congolese": "CD", "norwegian": "NO", "dominican": "DO", "serbian": "RS",
    "poles": "PL", "danes": "DK", "finns": "FI", "swedes": "SE", "spaniards": "ES", "turks": "TR", "scots": "GB",
}  # fmt: skip
"""Those that countryinfo lacks, and whom a demonym of several territories means."""


def country_code(name: str) -> str | None:
    """ISO 3166-1 alpha-2 code of a country by its code or one of its English names, in any case; None if it is none.

    >>> country_code("Philippines"), country_code("uk"), country_code("DE"), country_code("Turkey")
    ('PH', 'GB', 'DE', 'TR')
    """
    folded = folded_name(name)
    return country_names().get(folded) or _codes().get(folded)


def country_name(code: str) -> str:
    """CLDR's English name of a code."""
    return _territories("en").get(code, code)


@cache
def country_names() -> Mapping[str, str]:
    """From folded name to code; codes of two letters are words of their own in a sentence, and are not among them."""
    names = {folded_name(name): code for locale in _VARIANTS for code, name in _territories(locale).items()}
    names |= {folded_name(info["name"]): code for code, info in country_facts().items() if code not in names.values()}
    without_note = {name.partition(" (")[0]: code for name, code in names.items()}
    spelled_and = {name.replace(" & ", " and "): code for name, code in names.items()}
    return without_note | spelled_and | names | _COMMON


@cache
def demonyms() -> Mapping[str, str]:
    """From folded demonym to code: 'ukrainian', 'filipino'."""
    found: dict[str, str] = {}
    for code, info in country_facts().items():
        for demonym in (info.get("demonym") or "").replace("/", ",").split(","):
            if demonym.strip():
                found.setdefault(folded_name(demonym), code)
    return found | _DEMONYMS


@cache
def country_facts() -> Mapping[str, Mapping[str, Any]]:
    """By code of ISO 3166: countryinfo's name, demonym, `region` and `subregion` of the UN's geoscheme."""
    known = _territories("en")
    facts: dict[str, Mapping[str, Any]] = {}
    for info in CountryInfo.all().values():
        code = (info.get("ISO") or {}).get("alpha2", "")
        if code in known and (code not in facts or len(info) > len(facts[code])):
            facts[code] = info
    return facts


def folded_name(name: str) -> str:
    """As names are looked up: without case, accents, a full stop at the end and doubled spaces."""
    plain = unicodedata.normalize("NFD", canonical(name).strip().casefold())
    return " ".join("".join(char for char in plain if not unicodedata.combining(char)).rstrip(".").split())


@cache
def _codes() -> Mapping[str, str]:
    return dict(_both_codes())


def _both_codes() -> Iterator[tuple[str, str]]:
    for code, info in country_facts().items():
        yield str(info["ISO"].get("alpha3", code)).casefold(), code
    for code in _territories("en"):
        yield code.casefold(), code


@cache
def _territories(locale: str) -> Mapping[str, str]:
    """Countries and other territories of ISO 3166, without the codes that CLDR adds for regions and exceptions."""
    names = Locale.parse(locale).territories
    return {code: name for code, name in names.items() if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRY}


_NO_COUNTRY = frozenset(("AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"))
