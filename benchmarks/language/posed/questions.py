"""Questions about a simulated market whose right answers are known, and questions that have none.

Made of what the lake holds; whom an answer may name is read from the truth. Knows no answer and no endpoint.
"""

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from components.language.answers.shown import shown_text
from components.simulator.taxonomy import read_data
from metier.contract import Surface
from metier.lake import Lake
from metier.settings import Settings

PHRASINGS = json.loads((Path(__file__).parent / "phrasings.json").read_text())
SIDES: dict[Surface, str] = {"talent_search": "people", "job_feed": "jobs"}
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Posed:
    """A question, and the candidates that a right answer may name: none where it has no answer."""

    surface: Surface
    kind: str
    text: str
    right: frozenset[str]


class Market:
    """What the lake shows of one surface, and what is true of it."""

    def __init__(self, settings: Settings, surface: Surface) -> None:
        lake, table, key = Lake(settings.lake), "freelancers", "freelancer_id"
        if surface == "job_feed":
            table, key = "jobs", "job_id"
        rows = sorted(lake.read(table).to_pylist(), key=lambda row: (row["event_timestamp"], row["recorded_at"]))
        self.surface = surface
        self.all: dict[str, Row] = {row[key]: row for row in rows}
        shown = {"listed", "open"}
        self.rows = {
            name: row
            for name, row in sorted(self.all.items())
            if row["status"] in shown and row.get("visibility") in (None, "public")
        }
        truth = pq.read_table(settings.truth / f"{table}.parquet", columns=[key, "skills"]).to_pylist()
        self.skills = {row[key]: frozenset(row["skills"]) for row in truth}
        clusters = (
            each
            for category in read_data("taxonomy.json")["categories"].values()
            for each in category["clusters"].values()
        )
        self.canonical = {
            spelled: skill
            for each in clusters
            for skill, others in each["skills"].items()
            for spelled in (skill, *others)
        }
        self.text = {name: " ".join(map(shown_text, row.values())) for name, row in self.rows.items()}

    def has(self, name: str, skill: str) -> bool:
        """Whether the candidate has the skill, or says so."""
        told = {self.canonical.get(spelled, spelled) for spelled in self.all[name]["skills"]}
        return skill in told or skill in self.skills.get(name, ()) or skill.lower() in self.text.get(name, "").lower()

    def with_skill(self, skill: str, **values: Any) -> frozenset[str]:
        return frozenset(
            name
            for name, row in self.rows.items()
            if all(row[field] == value for field, value in values.items()) and self.has(name, skill)
        )


Maker = Callable[[Market, random.Random], tuple[dict[str, str], frozenset[str]] | None]
"""Slots of a question and the candidates of a right answer, None where these draws give none."""


def some(market: Market, draw: random.Random, *fields: str) -> tuple[str, Row]:
    """A candidate that has all these fields."""
    names = [name for name, row in market.rows.items() if all(row[field] for field in fields)]
    name = draw.choice(names)
    return name, market.rows[name]


def listed_skill(market: Market, draw: random.Random) -> tuple[str, Row, str] | None:
    """A candidate and a skill that it lists in any spelling, by its usual name."""
    name, row = some(market, draw, "skills")
    skill = market.canonical.get(draw.choice(row["skills"]))
    return None if skill is None else (name, row, skill)


def _who_skill(market: Market, draw: random.Random) -> Any:
    found = listed_skill(market, draw)
    return found and ({"skill": found[2]}, market.with_skill(found[2]))


def _whether_skill(market: Market, draw: random.Random) -> Any:
    found = listed_skill(market, draw)
    return found and ({"id": found[0], "skill": found[2]}, frozenset({found[0]}))


def _who_skill_place(market: Market, draw: random.Random) -> Any:
    found = listed_skill(market, draw)
    if found is None or not found[1]["country"]:
        return None
    country = found[1]["country"]
    return {"skill": found[2], "country": country}, market.with_skill(found[2], country=country)


def _who_speaks(market: Market, draw: random.Random) -> Any:
    language = draw.choice(some(market, draw, "languages")[1]["languages"])
    return {"language": language}, frozenset(
        name for name, row in market.rows.items() if language in (row["languages"] or ())
    )


def _who_did(market: Market, draw: random.Random) -> Any:
    told = re.compile(r"Recent projects involved (.+?) for a (.+?) firm\.")
    found = [(name, match) for name, row in market.rows.items() if (match := told.search(row["overview"]))]
    _, match = draw.choice(found)
    right = frozenset(name for name, other in found if other.groups() == match.groups())
    return {"skill": match[1], "industry": match[2]}, right | market.with_skill(match[1])


def _who_style(market: Market, draw: random.Random) -> Any:
    style = draw.choice([style for styles in read_data("phrases.json")["styles"].values() for style in styles])
    right = frozenset(name for name, text in market.text.items() if style in text)
    return ({"style": style}, right) if right else None


def _value(*fields: str) -> Maker:
    return lambda market, draw: (lambda name: ({"id": name}, frozenset({name})))(some(market, draw, *fields)[0])


def _compare(market: Market, draw: random.Random) -> Any:
    pair = [some(market, draw, "hourly_rate_usd")[0] for _ in range(2)]
    return ({"id": pair[0], "other": pair[1]}, frozenset(pair)) if pair[0] != pair[1] else None


ANSWERABLE: dict[Surface, dict[str, Maker]] = {
    "talent_search": {
        "who_skill": _who_skill,
        "whether_skill": _whether_skill,
        "who_skill_place": _who_skill_place,
        "who_speaks": _who_speaks,
        "who_did": _who_did,
        "who_style": _who_style,
        "rate": _value("hourly_rate_usd"),
        "place": _value("country", "city"),
        "languages": _value("languages"),
        "hours": _value("hours_per_week"),
        "level": _value("experience_level"),
        "compare": _compare,
    },
    "job_feed": {
        "who_skill": _who_skill,
        "whether_skill": _whether_skill,
        "budget": _value("budget_max_usd"),
        "company": _value("company"),
        "place": _value("country", "region"),
    },
}


def unanswerable(market: Market, phrasings: str, draw: random.Random) -> tuple[str, str] | None:
    """(kind, text) of a question that nothing in the market answers."""
    side = PHRASINGS[SIDES[market.surface]]
    name, row = some(market, draw)
    kind = draw.choice(
        ["no_such_skill", "skill_of_others", "nowhere", "attribute", "unknown_id", "beside_the_point", "no_value"]
    )
    skill = draw.choice(sorted(set(market.canonical.values())))
    slots = {"id": name, "skill": skill, "country": row["country"] or "Japan"}
    if kind == "no_such_skill":
        slots["skill"] = draw.choice(PHRASINGS["unknown_skills"])
        template = draw.choice([*side["who_skill"][phrasings], *side["whether_skill"][phrasings]])
    elif kind == "skill_of_others":
        if market.has(name, skill) or not market.with_skill(skill):
            return None
        template = draw.choice(side["whether_skill"][phrasings])
    elif kind == "nowhere":
        if "who_skill_place" not in side or market.with_skill(skill, country=slots["country"]):
            return None
        template = draw.choice(side["who_skill_place"][phrasings])
    elif kind == "unknown_id":
        slots["id"] = f"{name[:3]}9{draw.randrange(10**5):05}x"
        template = draw.choice([*side["place"][phrasings], *side["whether_skill"][phrasings]])
    elif kind == "no_value":
        field, asked = draw.choice(
            [("hourly_rate_usd", "rate"), ("hours_per_week", "hours"), ("budget_max_usd", "budget")]
        )
        without = [other for other, values in market.rows.items() if field in values and values[field] is None]
        without = [other for other in without if not re.search(r"\bhours\b", market.text[other])]
        if asked not in side or not without or (asked == "budget" and market.rows[without[0]]["budget_min_usd"]):
            return None
        slots["id"] = draw.choice(without)
        template = draw.choice(side[asked][phrasings])
    else:
        template = draw.choice(PHRASINGS[kind][phrasings])
    return kind, template.format_map(slots)


def posed(market: Market, count: int, phrasings: str, seed: int) -> Iterator[Posed]:
    """`count` questions that have an answer and as many that have none, no text twice."""
    draw, seen = random.Random(seed), set[str]()
    makers = ANSWERABLE[market.surface]
    kinds, made = list(makers), 0
    for number in range(100 * count):
        if made == count:
            break
        kind = kinds[number % len(kinds)]
        built = makers[kind](market, draw)
        if not built or not built[1]:
            continue
        text = draw.choice(PHRASINGS[SIDES[market.surface]][kind][phrasings]).format_map(built[0])
        if text not in seen:
            seen.add(text)
            made += 1
            yield Posed(market.surface, kind, text, built[1])
    made = 0
    for _ in range(100 * count):
        if made == count:
            break
        found = unanswerable(market, phrasings, draw)
        if found is not None and found[1] not in seen:
            seen.add(found[1])
            made += 1
            yield Posed(market.surface, found[0], found[1], frozenset())
