"""States and provinces: names that are no country, though they may hold the name of one. Knows no sentence.

Names are countryinfo's: those of the federations whose states people name instead of the country, and of all others
those that hold a country's name, such as Inner Mongolia. Codes are those of ISO 3166-2.
"""

from collections.abc import Iterator, Mapping
from functools import cache

from components.language.names.countries import country_facts, country_names, folded_name

_FEDERATIONS = ("US", "CA", "AU")
_CODES = {
    "US": "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH "
    "OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY",
    "CA": "AB BC MB NB NL NS NT NU ON PE QC SK YT",
    "AU": "NSW NT QLD SA TAS VIC WA ACT",
}
_MORE = (
    "new england", "inner mongolia", "new britain", "west indies", "indian ocean", "south china sea", "gulf of mexico",
    "gulf of guinea", "sea of japan", "bay of bengal", "little italy", "little india", "panama canal", "persian gulf",
)  # fmt: skip
"""Other places whose names hold one of a country or a people."""


@cache
def provinces() -> Mapping[str, str]:
    """From folded name, which no country has, to the code of the country; empty where it lies in none."""
    countries = country_names()
    own = {name: code for code in _FEDERATIONS for name in province_names(code) if name not in countries}
    return dict.fromkeys(_MORE, "") | dict(_that_hold_a_country()) | own


@cache
def province_names(country: str) -> frozenset[str]:
    """Folded names of the states and provinces of a federation; none of other countries.

    >>> "georgia" in province_names("US"), sorted(province_names("FR"))
    (True, [])
    """
    listed = country_facts()[country]["provinces"] if country in _FEDERATIONS else ()
    return frozenset(map(folded_name, listed))


@cache
def province_codes(country: str) -> frozenset[str]:
    """Codes of the states and provinces of a federation; none of other countries.

    >>> "CA" in province_codes("US"), sorted(province_codes("FR"))
    (True, [])
    """
    return frozenset(_CODES.get(country, "").split())


def _that_hold_a_country() -> Iterator[tuple[str, str]]:
    countries = {tuple(name.split()) for name in country_names()}
    for code, facts in country_facts().items():
        for name in map(folded_name, facts.get("provinces") or ()):
            words = tuple(name.replace("-", " ").split())
            parts = {words[start:end] for start in range(len(words)) for end in range(start + 1, len(words) + 1)}
            if words not in countries and "," not in name and parts & countries:
                yield " ".join(words), code
