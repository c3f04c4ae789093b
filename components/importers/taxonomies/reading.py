"""Files of skills read together, each told by its columns; packed and encoded as `components.importers.files` reads it.

Knows what the publishers' tables are called and which columns they have; how a row is read is said beside.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from components.importers.conform import LINE, REASON
from components.importers.files.file_format import FileFormat
from components.importers.files.opening import open_rows
from components.importers.taxonomies import esco, onet, plain
from components.importers.taxonomies.drafts import Drafts, Row
from components.language.taxonomy import Skill
from metier.errors import ContractError

_TABS = FileFormat(format="csv", delimiter="\t", quote=None)
_SEMICOLONS = FileFormat(format="csv", delimiter=";")
_FIRST_LEVEL = "Level 0 URI"


@dataclass(frozen=True)
class _Kind:
    """A kind of file: columns that each row has to fill, others that are read, and what a row adds."""

    name: str
    needed: tuple[str, ...]
    read: Callable[[Row, Drafts], None]


_KINDS = (
    _Kind("ESCO concepts", ("conceptUri", "preferredLabel"), esco.concept),
    _Kind("ESCO broader relations", ("conceptUri", "broaderUri"), esco.broader),
    _Kind("ESCO relations of skills", ("originalSkillUri", "relatedSkillUri"), esco.related),
    _Kind("the ESCO skills hierarchy", (_FIRST_LEVEL,), esco.group),
    _Kind("an ESCO list", ("uri", "label"), esco.record),
    _Kind("O*NET Technology Skills", ("O*NET-SOC Code", "Example"), onet.technology),
    _Kind("O*NET elements", ("Element ID", "Element Name"), onet.element),
    _Kind("O*NET Alternate Titles", ("O*NET-SOC Code", "Alternate Title"), onet.alternate_title),
    _Kind("O*NET Occupation Data", ("O*NET-SOC Code", "Title"), onet.occupation),
    _Kind("a table of skills", ("label",), plain.skill),
)


@dataclass(frozen=True)
class ReadSkills:
    """Skills of some files, what each file is, and how many of its rows could not be read."""

    skills: tuple[Skill, ...]
    kinds: dict[str, str]
    unread: dict[str, int]


def read_skills(paths: Sequence[Path]) -> ReadSkills:
    """The skills that the files hold together, a relation counting wherever it stands.

    ContractError names a file that is none of these, and files that hold no skill with a label.
    """
    drafts, kinds, unread = Drafts(), {}, {}
    for path in paths:
        pieces = _pieces(path)
        first = next(pieces)
        kind = _kind_of(path, _named(first))
        kinds[str(path)] = kind.name
        unread[str(path)] = sum(_read(piece, kind, drafts) for piece in (first, *pieces))
    skills = drafts.finished()
    if not skills:
        listed = ", ".join(f"{path} ({kind})" for path, kind in kinds.items())
        raise ContractError(f"no skill with a label is in {listed}; give the file of concepts or occupations with it")
    return ReadSkills(skills, kinds, unread)


def _pieces(path: Path) -> Iterator[pa.Table]:
    """Pieces of the file by the delimiter that its header has."""
    pieces = open_rows(path, FileFormat())
    first = next(pieces)
    names = _named(first)
    for declared in (_TABS, _SEMICOLONS):
        if len(names) == 1 and declared.delimiter in names[0]:
            yield from open_rows(path, declared)
            return
    yield first
    yield from pieces


def _named(piece: pa.Table) -> list[str]:
    return [name for name in piece.schema.names if name not in (REASON, LINE)]


def _kind_of(path: Path, columns: Sequence[str]) -> _Kind:
    found = next((kind for kind in _KINDS if {*kind.needed} <= {*columns}), None)
    if found is None:
        raise ContractError(
            f"{path} is no file of skills: its columns are {', '.join(columns[:12])}; give skills_en.csv of ESCO, "
            f"Technology Skills.txt of O*NET, or a table with the column label"
        )
    return found


def _read(piece: pa.Table, kind: _Kind, drafts: Drafts) -> int:
    """Add what the rows say; how many of them could not be read, or lack what they have to have."""
    unread = 0
    for row in piece.to_pylist():
        texts = {name: str(value) for name, value in row.items() if value is not None}
        if texts.get(REASON) or not all(texts.get(name, "").strip() for name in kind.needed):
            unread += 1
        else:
            kind.read(texts, drafts)
    return unread
