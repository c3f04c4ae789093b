"""Which entries of a list of skills count as listing one: by any of its names, narrower, or named by what it practises.

Knows no candidate.
"""

from components.language.taxonomy import Taxonomy

_PRACTICES = frozenset(("development", "programming", "engineering", "administration", "coding"))


def listed_as(skill_id: str, taxonomy: Taxonomy) -> tuple[str, ...]:
    """Ids of the skills whose entry lists this one: WordPress, and Elementor too, where it is WordPress development."""
    near = taxonomy.relations(skill_id)
    what = taxonomy.label(skill_id).lower().rsplit(" ", 1)
    practised = [
        other
        for other in (*near["broader"], *near["related"])
        if what[-1] in _PRACTICES and taxonomy.label(other).lower() == what[0]
    ]
    narrower = [other for each in (skill_id, *practised) for other in taxonomy.relations(each)["narrower"]]
    return tuple(dict.fromkeys((skill_id, *practised, *narrower)))


def names_of(skill_id: str, taxonomy: Taxonomy) -> list[str]:
    """Every name of the entries that list a skill."""
    ids = listed_as(skill_id, taxonomy)
    return [name for each in ids for name in (taxonomy.label(each), *taxonomy.aliases(each))]
