"""What the tables of an import name and the lake does not hold, in one line each with the next move.

Knows references of the contract; whether training minds is for validation.
"""

from collections.abc import Iterable

from metier.contract import TABLES
from metier.lake import Lake

_MOVES = {
    "freelancers": "bring them by `metier import people`, or leave these rows out of what is trained on",
    "clients": "bring them by `metier import clients` or a clients table; training needs nearly all of them",
    "jobs": "bring them by `metier import posts` or a jobs table; training needs nearly all of them",
    "queries": "bring them with a queries table",
}


def lacking(lake: Lake, tables: Iterable[str]) -> tuple[str, ...]:
    """A line for each column of `tables` whose ids the lake does not hold all."""
    lines = []
    with lake.connect() as connection:
        for name in tables:
            for column, target in TABLES[name].references.items():
                key = TABLES[target].key[0]
                named = f"SELECT DISTINCT {column} AS id FROM {name} WHERE {column} IS NOT NULL"
                query = f"SELECT count(*), count(*) FILTER (id NOT IN (SELECT {key} FROM {target})) FROM ({named})"
                ((number, unknown),) = connection.sql(query).fetchall()
                if unknown:
                    named = f"{name} name {unknown:,} {target}, of {number:,}"
                    lines.append(f"{named}, that the lake does not hold; {_MOVES[target]}")
    return tuple(lines)
