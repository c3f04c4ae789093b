"""Countries, regions, cities and languages of the world as flat index tables, read from geography.json."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from components.simulator.taxonomy import Floats, one_of, read_data

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Geography:
    """Positions: cities point at regions, regions at countries; `speaks[country]` at languages, mother tongue first."""

    countries: tuple[str, ...]
    cost: Floats
    share: Floats
    regions: tuple[str, ...]
    cities: tuple[str, ...]
    city_region: Integers
    region_country: Integers
    languages: tuple[str, ...]
    speaks: tuple[tuple[int, ...], ...]

    def cities_of(self, country: int) -> Integers:
        """Positions of the country's cities."""
        return np.flatnonzero(self.region_country[self.city_region] == country)

    def draw_cities(self, country: Integers, rng: np.random.Generator) -> Integers:
        """One of each country's cities."""
        cities = [self.cities_of(position) for position in range(len(self.countries))]
        drawn: Integers = np.array([one_of(cities[home], rng) for home in country.tolist()])
        return drawn


@cache
def geography() -> Geography:
    """The world's map."""
    data: dict = read_data("geography.json")
    regions = [(c, region) for c, country in enumerate(data.values()) for region in country["regions"]]
    cities = [(r, city) for r, (c, region) in enumerate(regions) for city in list(data.values())[c]["regions"][region]]
    languages = tuple(dict.fromkeys(name for country in data.values() for name in country["languages"]))
    share = np.array([country["share"] for country in data.values()], np.float64)
    return Geography(
        countries=tuple(data),
        cost=np.array([country["cost"] for country in data.values()], np.float32),
        share=(share / share.sum()).astype(np.float32),
        regions=tuple(region for _, region in regions),
        cities=tuple(city for _, city in cities),
        city_region=np.array([r for r, _ in cities]),
        region_country=np.array([c for c, _ in regions]),
        languages=languages,
        speaks=tuple(tuple(languages.index(name) for name in country["languages"]) for country in data.values()),
    )
