"""Yes and no as exports spell them."""

from metier.errors import RefusedValueError
from metier.texts.plain_text import one_line

NEITHER = "neither yes nor no"

TRUE = frozenset(
    {"true", "t", "yes", "y", "1", "1.0", "on", ".true.", "✓", "✔", "si", "sí", "oui", "ja", "wahr", "vrai", "verified"}
)
FALSE = frozenset(
    {
        "false",
        "f",
        "no",
        "n",
        "0",
        "0.0",
        "off",
        ".false.",
        "✗",
        "✘",
        "non",
        "nein",
        "falsch",
        "faux",
        "unverified",
        "not verified",
    }
)


def truth(text: str) -> bool:
    """RefusedValueError for what is neither yes nor no."""
    found = truth_or_none(text)
    if found is None:
        raise RefusedValueError(NEITHER)
    return found


def truth_or_none(text: str) -> bool | None:
    word = one_line(text).casefold()
    return True if word in TRUE else False if word in FALSE else None
