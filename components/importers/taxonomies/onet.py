"""O*NET as its database publishes it (https://www.onetcenter.org/database.html): text files with tabs.

`Technology Skills`, and the elements of `Skills`, `Knowledge` and `Abilities`, are skills; `Occupation Data` holds
trades and `Alternate Titles` what else they are called. An id is O*NET's code; a technology has none, so that its id is
its name in lower case with hyphens.
"""

import re

from components.importers.taxonomies.drafts import Drafts, Row

_ACRONYM = re.compile(r"(?P<words>.+) (?P<letters>[A-Z]{2,})(?: (?:software|technology|system))?")
_SOFTWARE = re.compile(r"(?P<name>.*[A-Z].*) software")


def technology(row: Row, drafts: Drafts) -> None:
    """A row of Technology Skills: one of an occupation's technologies, by its example."""
    label = row["Example"]
    draft = drafts.at("-".join(label.lower().split()))
    draft.label, draft.kind = label, "tool"
    draft.category = draft.category or row.get("Commodity Title", "")
    draft.aliases |= dict.fromkeys(_short_names(label))


def element(row: Row, drafts: Drafts) -> None:
    """A row of Skills, Knowledge or Abilities: one element, which is there once for each occupation and scale."""
    draft = drafts.at(row["Element ID"])
    draft.label, draft.kind = row["Element Name"], "field"


def occupation(row: Row, drafts: Drafts) -> None:
    draft = drafts.at(row["O*NET-SOC Code"])
    draft.label, draft.kind = row["Title"], "occupation"


def alternate_title(row: Row, drafts: Drafts) -> None:
    """A row of Alternate Titles; where it has a short one, that is a name too."""
    aliases = drafts.at(row["O*NET-SOC Code"]).aliases
    for title in (row["Alternate Title"], row.get("Short Title", "")):
        if title not in ("", "n/a"):
            aliases[title] = None


def _short_names(label: str) -> list[str]:
    """`Structured query language SQL` is both of its halves, `Amazon Web Services AWS software` likewise."""
    names = [match["name"]] if (match := _SOFTWARE.fullmatch(label)) else []
    if match := _ACRONYM.fullmatch(label):
        initials = "".join(word[0] for word in re.findall(r"[A-Za-z]+", match["words"])).upper()
        names += [match["words"], match["letters"]] if match["letters"] in initials else []
    return names
