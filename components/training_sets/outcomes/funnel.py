"""Which outcomes each surface has, in the order in which they follow from one another. Words only."""

from metier.contract import Surface

HEADS: dict[Surface, tuple[str, ...]] = {
    "talent_search": ("click", "invite", "accept", "hire"),
    "job_feed": ("click", "apply", "accept", "hire"),
    "applicant_review": ("click", "accept", "hire"),
}
"""Heads of a surface, in the order of its funnel: who came as far as one of them came past those before it."""

HEAD_KINDS = {
    "click": ("click", "save"),
    "apply": ("apply",),
    "invite": ("invite",),
    "accept": ("accept",),
    "hire": ("hire",),
}
"""Kinds of interaction that count for a head: a save counts for the head click."""
ALL_HEADS = tuple(HEAD_KINDS)
"""In the order of every surface's funnel."""


def from_here(surface: Surface, head: str) -> tuple[str, ...]:
    """A head and those that imply it: the later ones of the surface's funnel.

    >>> from_here("job_feed", "accept")
    ('accept', 'hire')
    """
    heads = HEADS[surface]
    return heads[heads.index(head) :]
