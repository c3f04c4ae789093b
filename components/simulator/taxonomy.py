"""The world's taxonomy (categories, clusters, skills, relations, synonyms, typos) and the part the platform is told.

The generator speaks all of it; `platform_taxonomy` is what a learner may read: every skill, category and relation, but
only 60% of the synonyms, typos and text templates, chosen by a hash of their text. Knows nothing of people or jobs.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Halves = npt.NDArray[np.float16]
"""Multiples of 1/STEP up to 1, which two bytes hold exactly: a row of skills for each of many people is wide."""

Choice = TypeVar("Choice")

VISIBLE_SHARE = 0.6
CLUSTER_TRANSFER = 0.35
RELATED_TRANSFER = 0.5
STEP = 64
"""Depths, needs and transfers are multiples of 1/STEP: their sums of products are exact in float32, in any order."""


@dataclass(frozen=True)
class Taxonomy:
    """Everything the generator knows. A cluster is a family of skills inside one category."""

    categories: tuple[str, ...]
    base_rate_usd: tuple[float, ...]
    industries: tuple[tuple[str, ...], ...]
    cluster_category: tuple[int, ...]
    cluster_roles: tuple[tuple[str, ...], ...]
    cluster_skills: tuple[tuple[int, ...], ...]
    skills: tuple[str, ...]
    synonyms: tuple[tuple[str, ...], ...]
    related: tuple[tuple[int, int], ...]

    @cached_property
    def clusters_of(self) -> dict[int, tuple[int, ...]]:
        """Category -> its clusters."""
        grouped: dict[int, list[int]] = {}
        for cluster, category in enumerate(self.cluster_category):
            grouped.setdefault(category, []).append(cluster)
        return {category: tuple(clusters) for category, clusters in grouped.items()}

    @cached_property
    def neighbours(self) -> tuple[npt.NDArray[np.int64], ...]:
        """By cluster, the skills of the other clusters in its category."""
        return tuple(
            np.array([s for c in self.clusters_of[home] if c != cluster for s in self.cluster_skills[c]])
            for cluster, home in enumerate(self.cluster_category)
        )

    def family(self, written: Halves | Floats) -> npt.NDArray[np.int64]:
        """(n, skills) 0 or 1 -> (n,) the cluster that most of what is written belongs to."""
        parts = (written[start : start + 8_192] for start in range(0, len(written), 8_192))
        return np.concatenate([(exact(part) @ self._members).argmax(axis=1) for part in parts])

    @cached_property
    def _members(self) -> Floats:
        """(skills, clusters) 1 where the skill is the cluster's."""
        members = np.zeros((len(self.skills), len(self.cluster_skills)), np.float32)
        for cluster, skills in enumerate(self.cluster_skills):
            members[list(skills), cluster] = 1
        return members

    @cached_property
    def transfer(self) -> Floats:
        """(skills, skills): how far depth in the row's skill serves where the column's is needed; 1 on the diagonal."""
        size = len(self.skills)
        matrix = np.zeros((size, size), np.float32)
        for members in self.cluster_skills:
            matrix[np.ix_(members, members)] = CLUSTER_TRANSFER
        for left, right in self.related:
            matrix[left, right] = matrix[right, left] = RELATED_TRANSFER
        np.fill_diagonal(matrix, 1.0)
        return matrix


@dataclass(frozen=True)
class PlatformTaxonomy:
    """What the platform may use. `synonyms` and `typos` map a spelling to its skill."""

    categories: tuple[str, ...]
    skills: dict[str, str]
    relations: tuple[tuple[str, str], ...]
    synonyms: dict[str, str]
    typos: dict[str, str]
    templates: tuple[str, ...]


def read_data(name: str) -> dict[str, object]:
    """One of the JSON files beside this module."""
    content: dict[str, object] = json.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))
    return content


@cache
def full_taxonomy() -> Taxonomy:
    """The generator's taxonomy, read from taxonomy.json."""
    data: dict = read_data("taxonomy.json")
    categories: dict = data["categories"]
    clusters = [(i, c) for i, name in enumerate(categories) for c in categories[name]["clusters"].values()]
    skills = [skill for _, cluster in clusters for skill in cluster["skills"]]
    position = {skill: i for i, skill in enumerate(skills)}
    return Taxonomy(
        categories=tuple(categories),
        base_rate_usd=tuple(float(c["hourly_rate_usd"]) for c in categories.values()),
        industries=tuple(tuple(c["industries"]) for c in categories.values()),
        cluster_category=tuple(i for i, _ in clusters),
        cluster_roles=tuple(tuple(c["roles"]) for _, c in clusters),
        cluster_skills=tuple(tuple(position[s] for s in c["skills"]) for _, c in clusters),
        skills=tuple(skills),
        synonyms=tuple(tuple(synonyms) for _, c in clusters for synonyms in c["skills"].values()),
        related=tuple((position[a], position[b]) for a, b in data["related"]),
    )


def exact(halves: Halves | Floats) -> Floats:
    """The same values in a type that multiplies fast."""
    floats: Floats = halves.astype(np.float32)
    return floats


def one_of(among: Sequence[Choice], rng: np.random.Generator) -> Choice:
    """One of them, by the same draw as `rng.choice`, which would first make an array of them."""
    return among[int(rng.integers(len(among)))]


def visible(texts: Iterable[str]) -> list[str]:
    """The 60% of `texts` that the platform is told, in their order: those with the smallest sha256."""
    unique = list(dict.fromkeys(texts))
    by_hash = sorted(unique, key=lambda text: hashlib.sha256(text.encode()).hexdigest())
    smallest = set(by_hash[: int(len(unique) * VISIBLE_SHARE)])
    return [text for text in unique if text in smallest]


def typos_of(word: str) -> tuple[str, ...]:
    """Two misspellings of `word`: neighbours swapped, and a letter lost; none for very short words."""
    if len(word) < 5:
        return ()
    middle = len(word) // 2
    swapped = word[:middle] + word[middle + 1 : middle + 2] + word[middle] + word[middle + 2 :]
    lost = word[: middle - 1] + word[middle:]
    return tuple(typo for typo in dict.fromkeys((swapped, lost)) if typo != word)


@cache
def platform_taxonomy() -> PlatformTaxonomy:
    """The visible part: all skills, categories and relations; 60% of synonyms, typos and templates."""
    world = full_taxonomy()
    synonyms = {s: skill for skill, spellings in zip(world.skills, world.synonyms, strict=True) for s in spellings}
    typos = {typo: skill for skill in world.skills for typo in typos_of(skill)}
    home = {s: world.cluster_category[c] for c, members in enumerate(world.cluster_skills) for s in members}
    phrases = read_data("phrases.json")
    templates = [t for texts in phrases.values() if isinstance(texts, list) for t in texts if "{" in t]
    return PlatformTaxonomy(
        categories=world.categories,
        skills={skill: world.categories[home[i]] for i, skill in enumerate(world.skills)},
        relations=tuple((world.skills[a], world.skills[b]) for a, b in world.related),
        synonyms={s: synonyms[s] for s in visible(synonyms)},
        typos={t: typos[t] for t in visible(typos)},
        templates=tuple(visible(templates)),
    )
