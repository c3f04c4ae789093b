"""Skills of one's own: a table or JSON list with `label`, and as far as there are `id`, `aliases`, `category`, ...

`aliases`, `broader` and `related` hold a JSON list, or texts between `|` or `;`. `broader` and `related` are ids. A
skill without an id gets its label in lower case with hyphens.
"""

from components.importers.taxonomies.drafts import Drafts, Row, members

_BETWEEN = "\n|;"


def skill(row: Row, drafts: Drafts) -> None:
    label = " ".join(row["label"].split())
    draft = drafts.at(row.get("id") or "-".join(label.lower().split()))
    draft.label = draft.label or label
    draft.category = draft.category or row.get("category", "")
    draft.kind = draft.kind or row.get("kind", "")
    draft.aliases |= members(row.get("aliases", ""), _BETWEEN)
    draft.broader |= members(row.get("broader", ""), _BETWEEN)
    draft.related |= members(row.get("related", ""), _BETWEEN)
