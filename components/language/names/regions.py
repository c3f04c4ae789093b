"""Regions of the world by English name, and the countries of each.

Continents and subregions are the UN's (M49, as countryinfo has them), unions by treaty, and the rest what recruiters
mean: "Eastern Europe" takes in the Baltics and the Balkans.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from components.language.names.countries import country_facts, folded_name

_EU = "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE"
_BALKANS = "AL BA BG GR HR ME MK RO RS SI"
_BALTICS = "EE LT LV"
_NORDICS = "DK FI IS NO SE"
_GULF = "AE BH KW OM QA SA"
_LEVANT = "IL JO LB PS SY"
_MAGHREB = "DZ LY MA MR TN"
_MIDDLE_EAST = f"{_GULF} {_LEVANT} CY EG IQ IR TR YE"
_SOUTH_AMERICA = "AR BO BR CL CO EC GY PE PY SR UY VE"
_CENTRAL_AMERICA = "BZ CR GT HN NI PA SV"
_SOUTHEAST_ASIA = "BN ID KH LA MM MY PH SG TH TL VN"
_DECLARED = {
    "eu|european union|eu countries|eu member states": _EU,
    "eea|european economic area": f"{_EU} IS LI NO",
    "schengen|schengen area": "AT BE BG HR CZ DK EE FI FR DE GR HU IS IT LV LI LT LU MT NL NO PL PT RO SK SI ES SE CH",
    "eastern europe|east europe|cee|central and eastern europe": f"{_BALTICS} {_BALKANS} BY CZ HU MD PL RU SK UA",
    "western europe|west europe": "AD AT BE CH DE ES FR GB IE IT LI LU MC NL PT",
    "central europe": "AT CH CZ DE HU LI PL SI SK",
    "balkans|the balkans|western balkans": _BALKANS,
    "baltics|the baltics|baltic states": _BALTICS,
    "nordics|the nordics|nordic countries|scandinavia|northern europe": _NORDICS,
    "dach|dach region": "AT CH DE",
    "benelux": "BE LU NL",
    "iberia": "ES PT",
    "british isles": "GB IE",
    "latam|latin america|lat am": f"{_SOUTH_AMERICA} {_CENTRAL_AMERICA} CU DO GF HT MX PR",
    "south america": _SOUTH_AMERICA,
    "central america": _CENTRAL_AMERICA,
    "north america": "CA MX US",
    "caribbean|the caribbean": "AG BB BS CU DM DO GD HT JM KN LC PR TT VC",
    "middle east|the middle east": _MIDDLE_EAST,
    "gulf|the gulf|gcc|gulf countries": _GULF,
    "mena": f"{_MIDDLE_EAST} {_MAGHREB} SD",
    "maghreb": _MAGHREB,
    "north africa": f"{_MAGHREB} EG SD",
    "southeast asia|south east asia|south-east asia|asean": _SOUTHEAST_ASIA,
    "south asia|indian subcontinent|the subcontinent": "AF BD BT IN LK MV NP PK",
    "east asia": "CN HK JP KP KR MN MO TW",
    "central asia": "KG KZ TJ TM UZ",
    "cis": "AM AZ BY KG KZ MD RU TJ UZ",
    "caucasus": "AM AZ GE",
    "anz|australasia": "AU NZ",
    "congo|the congo|the congos|both congos": "CD CG",
    "west africa": "BF BJ CI CV GH GM GN GW LR ML MR NE NG SL SN TG",
    "east africa": "BI DJ ER ET KE RW SO SS TZ UG",
    "southern africa": "BW LS NA SZ ZA ZM ZW",
}
_COMPASS = {"north": "n", "northern": "n", "south": "s", "southern": "s", "east": "e", "eastern": "e", "west": "w",
            "western": "w", "southeast": "se", "south-eastern": "se", "south-east": "se"}  # fmt: skip
"""Points of the compass in names, and their letters: SE Asia."""
_CONTINENTS = {"Africa": "africa", "Asia": "asia", "Europe": "europe", "Oceania": "oceania", "Americas": "the americas"}
_ALSO = {
    "europe": ("europe", "eu"),  # the UN puts Cyprus in Asia
    "emea": ("europe", "eu", "africa", "middle east"),
    "apac": ("asia", "oceania"),
    "asia pacific": ("asia", "oceania"),
    "asia-pacific": ("asia", "oceania"),
    "americas": ("the americas",),
}


def region_countries(name: str) -> tuple[str, ...] | None:
    """ISO codes of a region's countries, in order; None where the name is no region's.

    >>> region_countries("Benelux")
    ('BE', 'LU', 'NL')
    """
    return regions().get(folded_name(name))


@cache
def regions() -> Mapping[str, tuple[str, ...]]:
    """From folded name to codes."""
    found = {name: tuple(sorted(codes)) for name, codes in _grouped().items()}
    for names, codes in _DECLARED.items():
        found |= dict.fromkeys(names.split("|"), tuple(sorted(set(codes.split()))))
    for first, rest in [*_pointing(found)]:
        letters = _COMPASS[first]
        spellings = (f"{letters} {rest}", f"{'.'.join(letters)}. {rest}")
        found |= dict.fromkeys(spellings, found[f"{first} {rest}"])
    together = {name: tuple(sorted({code for part in parts for code in found[part]})) for name, parts in _ALSO.items()}
    return found | together


def _pointing(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(point of the compass, what is behind it) of the names that begin with one; those that people say last."""
    parts = [name.partition(" ") for name in names]
    return ((first, rest) for first, _, rest in parts if first in _COMPASS)


def _grouped() -> dict[str, set[str]]:
    groups: dict[str, set[str]] = {}
    for name, code in _un_regions():
        groups.setdefault(folded_name(name), set()).add(code)
    return groups


def _un_regions() -> Iterator[tuple[str, str]]:
    for code, facts in country_facts().items():
        if facts.get("region") in _CONTINENTS:
            yield _CONTINENTS[facts["region"]], code
        if facts.get("subregion"):
            yield facts["subregion"], code
