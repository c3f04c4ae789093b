"""What candidates call their skills, titles and places, and how often: what a replica suggests while a person types.

Counts candidates that anybody may find: listed people and public open jobs, of the releases that are served. Knows no
HTTP.
"""

from collections import Counter
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from components.language.taxonomy import Used
from metier.surfaces import surface_spec
from serving.candidates.snapshot import ReleaseSnapshot

_PLACES = ("city", "region", "country")


def used_by(snapshots: Iterable[ReleaseSnapshot]) -> Used:
    """How often candidates use each text; of two snapshots of the same table the first counts."""
    tables = {surface_spec(each.surface).table: each.candidates.versions for each in reversed(list(snapshots))}
    skills: Counter[str] = Counter()
    titles: Counter[str] = Counter()
    places: Counter[str] = Counter()
    for rows in map(_shown, tables.values()):
        skills.update(_counts(pc.list_flatten(rows["skills"])))
        titles.update(_counts(rows["title"]))
        for name in _PLACES:
            places.update(_counts(rows[name]))
    return Used(skills, titles, places)


def _shown(versions: pa.Table) -> pa.Table:
    """The candidates that anybody may find."""
    if "visibility" in versions.column_names:
        return versions.filter((pc.field("status") == "open") & (pc.field("visibility") == "public"))
    return versions.filter(pc.field("status") == "listed")


def _counts(texts: pa.ChunkedArray) -> dict[str, int]:
    counted = pc.value_counts(texts.drop_null())
    return dict(zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True))
