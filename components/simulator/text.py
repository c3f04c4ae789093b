"""Titles, overviews, descriptions and search texts from templates, with synonyms and typos.

Uses every template, synonym and typo; the platform is told of 60%. Knows the facts it is handed, not their source.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.simulator.taxonomy import Taxonomy, read_data, typos_of

SYNONYM_SHARE = 0.22
SKILL_TYPO_SHARE = 0.02
TEXT_TYPO_SHARE = 0.25


@dataclass(frozen=True)
class Facts:
    """What a text may mention: skills in order of weight, style names in order of weight."""

    skills: Sequence[int]
    role: str
    level: str
    industry: str
    city: str
    language: str
    hours: int
    years: int
    styles: Sequence[str]
    company: str = ""


class TextGenerator:
    """Writes the world's texts. Equal seeds and equal calls give equal texts."""

    def __init__(self, taxonomy: Taxonomy, seed: int) -> None:
        self._taxonomy = taxonomy
        self._random = random.Random(seed)
        self._phrases: dict = read_data("phrases.json")

    def spell(self, skill: int) -> str:
        """The skill as somebody types it: its name, mostly; else a synonym or a typo."""
        name = self._taxonomy.skills[skill]
        draw = self._random.random()
        if draw < SYNONYM_SHARE and self._taxonomy.synonyms[skill]:
            return self._random.choice(self._taxonomy.synonyms[skill])
        if draw > 1 - SKILL_TYPO_SHARE and typos_of(name):
            return self._random.choice(typos_of(name))
        return name

    def place(self, country: str) -> str:
        """A country as somebody types it."""
        return str(self._random.choice(self._phrases["search_place"].get(country, [country])))

    def company(self) -> str:
        """A company's name."""
        return self._pick("company_first") + self._pick("company_second")

    def freelancer(self, facts: Facts) -> tuple[str, str]:
        """(title, overview)."""
        parts = [self._pick("freelancer_opening")]
        parts += [self._style("freelancer_style", style) for style in facts.styles]
        parts += self._random.sample(self._phrases["freelancer_more"], self._random.randint(1, 3))
        return self._title("freelancer_title", facts), self._typed(self._fill(" ".join(parts), facts))

    def job(self, facts: Facts) -> tuple[str, str]:
        """(title, description)."""
        parts = [self._pick("job_opening")]
        parts += self._random.sample(self._phrases["job_more"], self._random.randint(1, 3))
        parts += [self._style("job_style", style) for style in facts.styles]
        return self._title("job_title", facts), self._typed(self._fill(" ".join(parts), facts))

    def addition(self, facts: Facts) -> str:
        """One more sentence of a job's description, for an edit."""
        return self._fill(self._pick("job_more"), facts)

    def search(self, facts: Facts, level: str | None = None, limits: Mapping[str, str] | None = None) -> str:
        """What somebody types into a search box; `limits` by the kinds of phrases.json."""
        before = [] if level is None else [self._random.choice(self._phrases["search_level"][level])]
        after = [self._random.choice(self._phrases["search_limit"][kind]).format(value)
                 for kind, value in (limits or {}).items()]  # fmt: skip
        self._random.shuffle(after)
        between = self._random.choice((" ", ", "))
        asked = " ".join([*before, self._fill(self._pick("search_text"), facts)])
        return self._typed(between.join([asked, *after])).lower()

    def _pick(self, pool: str) -> str:
        choice: str = self._random.choice(self._phrases[pool])
        return choice

    def _style(self, pool: str, style: str) -> str:
        return self._pick(pool).replace("{style}", self._random.choice(self._phrases["styles"][style]))

    def _title(self, pool: str, facts: Facts) -> str:
        title = self._fill(self._pick(pool), facts).strip()
        return title[0].upper() + title[1:]

    def _fill(self, template: str, facts: Facts) -> str:
        skills = [facts.skills[i % len(facts.skills)] for i in range(3)]
        slots = {name: self.spell(skill) for name, skill in zip(("skill", "skill2", "skill3"), skills, strict=True)}
        return template.format_map(
            slots
            | {"role": facts.role, "level": facts.level, "industry": facts.industry, "city": facts.city}
            | {"language": facts.language, "hours": facts.hours, "years": facts.years, "company": facts.company}
            | {"since": 2025 - facts.years, "projects": 5 + 7 * facts.years}
        )

    def _typed(self, text: str) -> str:
        if self._random.random() > TEXT_TYPO_SHARE:
            return text
        words = text.split(" ")
        position = self._random.randrange(len(words))
        typos = () if any(map(str.isdigit, words[position])) else typos_of(words[position])
        if typos:
            words[position] = self._random.choice(typos)
        return " ".join(words)
