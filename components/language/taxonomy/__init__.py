"""Skills, what they are called and how they belong together; which of them a text names."""

from components.language.taxonomy.homes import joined, taxonomy_of
from components.language.taxonomy.linked import linked_skills
from components.language.taxonomy.shipped import shipped_taxonomy
from components.language.taxonomy.skills import RELATIONS, Relation, Skill
from components.language.taxonomy.suggestions import Suggestion, Suggestions, Used
from components.language.taxonomy.taxonomy import Mention, Taxonomy

__all__ = [
    "RELATIONS",
    "Mention",
    "Relation",
    "Skill",
    "Suggestion",
    "Suggestions",
    "Taxonomy",
    "Used",
    "joined",
    "linked_skills",
    "shipped_taxonomy",
    "taxonomy_of",
]
