"""ESCO as its portal publishes it (https://esco.ec.europa.eu/en/use-esco/download): CSV tables, and lists in JSON.

`skills_LANG.csv` and `occupations_LANG.csv` hold concepts; `broaderRelations*`, `skillSkillRelations` and
`skillsHierarchy` say how they belong together. An id is the concept's URI. Of concepts with a status the released ones
are read.
"""

from components.importers.taxonomies.drafts import Draft, Drafts, Row, members

_LEVELS = (3, 2, 1, 0)
_CATEGORY_LEVELS = (1, 0)


def concept(row: Row, drafts: Drafts) -> None:
    """A row of skills_LANG.csv or occupations_LANG.csv."""
    if row.get("status") in (None, "", "released"):
        draft = drafts.at(row["conceptUri"])
        _name(draft, row["preferredLabel"], row.get("altLabels", ""), row.get("hiddenLabels", ""))
        draft.kind = draft.kind or _kind(row.get("skillType", ""), row.get("conceptType", ""), row["conceptUri"])


def record(row: Row, drafts: Drafts) -> None:
    """An object of a JSON list; objects with one alternative label each are of one concept where they share a URI."""
    draft = drafts.at(row["uri"])
    _name(draft, row["label"], row.get("altLabel", ""))
    draft.kind = draft.kind or _kind(row.get("skillType", ""), "", row["uri"])


def broader(row: Row, drafts: Drafts) -> None:
    drafts.at(row["conceptUri"]).broader[row["broaderUri"]] = None


def related(row: Row, drafts: Drafts) -> None:
    drafts.at(row["originalSkillUri"]).related[row["relatedSkillUri"]] = None


def group(row: Row, drafts: Drafts) -> None:
    """A row of skillsHierarchy: the deepest group that it names, called by its group of the first level."""
    deepest = next((row[f"Level {level} URI"] for level in _LEVELS if row.get(f"Level {level} URI")), "")
    terms = (row.get(f"Level {level} preferred term", "") for level in _CATEGORY_LEVELS)
    drafts.groups[deepest] = next((term for term in terms if term), "")


def _name(draft: Draft, label: str, *aliases: str) -> None:
    draft.label = draft.label or " ".join(label.split())
    for cell in aliases:
        draft.aliases |= members(cell)


def _kind(skill_type: str, concept_type: str, uri: str) -> str:
    return skill_type or ("occupation" if "/occupation/" in uri else concept_type.lower())
