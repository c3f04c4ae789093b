"""Skills of posts and profiles that list none, from what they write: a feature, and never what a person has said."""

from collections.abc import Sequence
from itertools import islice

from components.language.taxonomy.taxonomy import Taxonomy

MOST = 20
"""Skills of one text, those named first."""


def linked_skills(taxonomy: Taxonomy, title: str, prose: str, skills: Sequence[str] | None) -> list[str]:
    """Labels of the skills that the texts name, in their order; none where `skills` lists any."""
    if skills:
        return []
    named = dict.fromkeys(mention.skill_id for mention in taxonomy.mentions(f"{title}\n{prose}"))
    return list(taxonomy.labels(islice(named, MOST)))
