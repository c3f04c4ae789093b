"""Freelancers: who they are (latent), what they list (noisy, missing, partly false), and their profile versions.

Knows nothing of jobs, queries or outcomes.
"""

from dataclasses import dataclass, field

import numpy as np

from components.simulator.geography import Integers, geography
from components.simulator.taxonomy import STEP, Floats, Halves, full_taxonomy, one_of, read_data
from components.simulator.text import Facts, TextGenerator
from metier.contract import FREELANCER_STATUSES, LEVELS

LISTED, UNAVAILABLE, PRIVATE, SUSPENDED = range(len(FREELANCER_STATUSES))
LEVEL_RATE = np.array([0.7, 1.0, 1.45], np.float32)
STYLES: tuple[str, ...] = tuple(read_data("phrases.json")["styles"])  # type: ignore[arg-type]
MISSING = -1
CHUNK = 8_192
Row = dict[str, object]


@dataclass
class Freelancers:
    """Columns over freelancers. Latent first; `claimed`, `covers`, `literal` and `listed_*` follow the newest version.

    depth, effective, claimed, covers, literal: (n, skills) Halves; style, taste, style_shown: (n, styles).
    effective is depth with help from related skills; covers the same of claims; literal the claims spelled by name.
    family: the cluster that most of the claims belong to. curiosity: how often a search is about another trade.
    """

    ids: list[str]
    cluster: Integers
    category: Integers
    level: Integers
    country: Integers
    city: Integers
    quality: Floats
    responsiveness: Floats
    honesty: Floats
    activity: Floats
    curiosity: Floats
    rate_usd: Floats
    hours: Integers
    style: Floats
    taste: Floats
    depth: Halves
    effective: Halves
    speaks: Floats
    arrives_us: Integers
    joined_us: Integers
    claimed: Halves
    covers: Halves
    literal: Halves
    family: Integers
    style_shown: Floats
    listed_rate: Floats
    listed_category: Integers
    listed_level: Integers
    listed_country: Integers
    listed_city: Integers
    status: Integers
    promoted: np.ndarray
    profile: list[Row] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.ids)

    def version(self, person: int, at_us: int) -> Row:
        """The profile of freelancer `person` as a row stamped `at_us`."""
        status = FREELANCER_STATUSES[int(self.status[person])]
        return self.profile[person] | {"status": status, "event_timestamp": int(at_us)}


def covered_skills(depth: Halves, transfer: Floats) -> Halves:
    """(n, skills) depth -> what is reached through related skills: the best of own and transferred depth."""
    out = np.zeros_like(depth)
    for person in range(len(depth)):
        skills = np.flatnonzero(depth[person])
        if len(skills):
            best = (transfer[skills] * depth[person, skills, None].astype(np.float32)).max(axis=0)
            out[person] = np.round(best * STEP) / np.float32(STEP)
    return out


def edit_profile(people: Freelancers, person: int, text: TextGenerator, rng: np.random.Generator) -> None:
    """Freelancer `person` corrects the rate, adds a held skill and rewrites title and overview."""
    unlisted = np.flatnonzero((people.depth[person] > 0) & (people.claimed[person] == 0))
    if len(unlisted):
        people.claimed[person, rng.choice(unlisted)] = 1
    people.listed_rate[person] = round(float(people.rate_usd[person] * np.exp(0.05 * rng.normal())), 2)
    taxonomy, claims = full_taxonomy(), people.claimed[person : person + 1]
    people.covers[person : person + 1] = covered_skills(claims, taxonomy.transfer)
    people.family[person : person + 1] = taxonomy.family(claims)
    people.profile[person] = write_profile(people, person, people.profile[person]["agency_id"], text, rng)


def write_profile(
    people: Freelancers, person: int, agency: object, text: TextGenerator, rng: np.random.Generator
) -> dict[str, object]:
    """The row of freelancer `person` but for status and clocks; fills style_shown and literal."""
    taxonomy, world = full_taxonomy(), geography()
    claims = rng.permutation(np.flatnonzero(people.claimed[person]))
    spelled = [text.spell(skill) for skill in claims]
    people.literal[person] = 0
    people.literal[person, [s for s, name in zip(claims, spelled, strict=True) if name == taxonomy.skills[s]]] = 1
    first, second = np.argsort(-people.style[person], kind="stable")[:2]
    styles = [
        s for s, chance in ((first, 0.9), (second, 0.5 * (people.style[person, second] > 0.2))) if rng.random() < chance
    ]
    people.style_shown[person] = 0
    people.style_shown[person, styles] = 1
    home, region = people.listed_country[person], people.listed_city[person]
    level, rate = people.listed_level[person], people.listed_rate[person]
    languages = [world.languages[i] for i in np.flatnonzero(people.speaks[person])]
    facts = Facts(
        skills=sorted(claims, key=lambda s: -people.depth[person, s]),
        role=one_of(taxonomy.cluster_roles[people.cluster[person]], rng),
        level=("Junior", "Experienced", "Senior")[people.level[person]],
        industry=one_of(taxonomy.industries[people.category[person]], rng),
        city=world.cities[people.city[person]],
        language=languages[0],
        hours=int(people.hours[person]),
        years=int(1 + 4 * people.level[person] + rng.integers(0, 4)),
        styles=[STYLES[s] for s in styles],
    )
    title, overview = text.freelancer(facts)
    return {
        "freelancer_id": people.ids[person],
        "title": title,
        "overview": overview,
        "skills": list(dict.fromkeys(spelled)),
        "category": taxonomy.categories[people.listed_category[person]]
        if people.listed_category[person] >= 0
        else None,
        "country": world.countries[home] if home >= 0 else None,
        "region": world.regions[world.city_region[region]] if region >= 0 else None,
        "city": world.cities[region] if region >= 0 else None,
        "languages": languages if rng.random() < 0.95 else None,
        "hourly_rate_usd": round(float(rate), 2) if np.isfinite(rate) else None,
        "experience_level": LEVELS[level] if level >= 0 else None,
        "hours_per_week": float(people.hours[person]) if rng.random() < 0.8 else None,
        "agency_id": agency,
        "joined_at": int(people.joined_us[person]),
    }
