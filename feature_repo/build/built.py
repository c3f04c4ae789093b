"""What the feature files were built from, and hence from which day on they have to be built again.

A build first takes back what it is about to change, then replaces files, then says what they are made of: killed
anywhere, the next one begins where the claim ends. Knows the lake's files and clocks, not what is built.
"""

import hashlib
import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path

import fsspec.core
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import TypeAdapter

from components.language.taxonomy import Taxonomy
from feature_repo.build.by_day import EPOCH, day_after, day_of, midnight
from metier.contract import TABLES
from metier.durable import write_whole
from metier.lake import Lake

FORMAT = 1
"""Raise when files built before are not what would be built now, for another reason than the SQL."""
FILE = "built.json"
BEGINNING = -25_000
"""A day before every event: 1901."""


@dataclass(frozen=True)
class Built:
    """Files hold every version up to `as_of` that follows from the lake's files `sources`."""

    as_of: str
    definition: str
    sources: tuple[str, ...]

    @classmethod
    def read(cls, folder: Path) -> "Built | None":
        """What the last build in `folder` claims; None where there is none, or none that can be read."""
        try:
            return _BUILT.validate_json((folder / FILE).read_bytes())
        except (OSError, ValueError):
            return None

    def write(self, folder: Path) -> None:
        """Replace what the last build claimed."""
        write_whole(folder / FILE, _BUILT.dump_json(self))

    @property
    def moment(self) -> datetime:
        """`as_of` as a datetime."""
        return datetime.fromisoformat(self.as_of)


_BUILT = TypeAdapter(Built)


@dataclass(frozen=True)
class Change:
    """The first day to build (None: nothing changed) and why."""

    first_day: int | None
    reason: str

    def widened(self, day: int) -> "Change":
        """From `day` on, where the change itself begins later."""
        if self.first_day is not None and self.first_day <= day:
            return self
        return Change(day, f"building from {midnight(day):%Y-%m-%d} on, as asked")


def definition(taxonomy: Taxonomy) -> str:
    """Digest of the SQL that says what is built, and of the skills by which texts are read."""
    files = sorted(
        (file for file in (resources.files("feature_repo") / "sql").iterdir() if file.name.endswith(".sql")),
        key=lambda file: file.name,
    )
    return hashlib.sha256(
        "\n".join([str(FORMAT), taxonomy.digest, *(file.read_text() for file in files)]).encode()
    ).hexdigest()


def sources(lake: Lake) -> dict[str, str]:
    """Paths of the lake's files by their names, which carry their content."""
    paths = (path for name in TABLES for path in lake.files(name))
    return {"/".join(path.split(posixpath.sep)[-3:]): path for path in paths}


def change(lake: Lake, built: Built | None, files: dict[str, str], as_of: datetime, defined: str) -> Change:
    """From which day on files differ from what a build from scratch over `files`, as known at `as_of`, would give.

    A version depends on nothing that became visible after it: new files change what lies at or after the first moment
    at which a row of theirs became visible. `defined` is the `definition` that the build goes by.
    """
    if built is None:
        return Change(BEGINNING, "building from scratch")
    if built.definition != defined:
        return Change(BEGINNING, "other features than before are declared; building from scratch")
    if replaced := set(built.sources) - files.keys():
        return Change(BEGINNING, f"{len(replaced):,} lake files were replaced; building from scratch")
    new = sorted(files.keys() - set(built.sources))
    if not new and built.moment == as_of:
        return Change(None, "nothing changed")
    days = [day_of(as_of), day_after(built.moment)]
    visible = _first_visible(lake, [files[name] for name in new])
    if visible is not None:
        days.append(day_of(visible))
    return Change(min(days), f"{len(new):,} new lake files; building from {midnight(min(days)):%Y-%m-%d} on")


def is_current(lake: Lake, folder: Path, taxonomy: Taxonomy) -> bool:
    """Whether the files in `folder` were built from all of the lake's files, by what builds today."""
    built = Built.read(folder)
    return built is not None and built.definition == definition(taxonomy) and {*built.sources} == sources(lake).keys()


def take_back(folder: Path, built: Built | None, first_day: int) -> None:
    """Claim only what lies before `first_day`: what follows is about to change."""
    if built is None or first_day == BEGINNING:
        (folder / FILE).unlink(missing_ok=True)
    else:
        before = min(built.moment, midnight(first_day - 1))
        replace(built, as_of=before.isoformat()).write(folder)


def _first_visible(lake: Lake, paths: Iterable[str]) -> datetime | None:
    """The first moment at which a row of these files became visible."""
    fs, _ = fsspec.core.url_to_fs(lake.url)
    moments = []
    for path in paths:
        rows = pq.read_table(path, columns=["event_timestamp", "recorded_at"], filesystem=fs)
        happened, recorded = (rows[name].cast(pa.int64()) for name in ("event_timestamp", "recorded_at"))
        moments.append(pc.min(pc.max_element_wise(happened, recorded)).as_py())
    return EPOCH + min(moments) * timedelta(microseconds=1) if moments else None
