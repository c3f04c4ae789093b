"""`metier import taxonomy`: the taxonomy of a home from files of skills, in place of the one there or joined to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from components.importers.taxonomies.reading import read_skills
from components.language.taxonomy import Taxonomy
from components.language.taxonomy.homes import skills_file
from metier.errors import InputError
from metier.locks import exclusively


@dataclass(frozen=True)
class TaxonomyReport:
    """What came of it: `kinds` and `unread` rows by file."""

    path: str
    written: bool
    skills: int
    names: int
    categories: int
    digest: str
    kinds: dict[str, str]
    unread: dict[str, int]

    def render(self) -> str:
        lines = [f"{path}: {kind}" + _unread(self.unread[path]) for path, kind in self.kinds.items()]
        what = f"{self.skills:,} skills with {self.names:,} names in {self.categories:,} categories"
        where = f"wrote {self.path}" if self.written else "checked, nothing was written"
        return "\n".join([*lines, f"{where}: {what}, digest {self.digest[:12]}"])


def import_taxonomy(folder: Path, paths: Sequence[Path], add: bool = False, check: bool = False) -> TaxonomyReport:
    """Write what the files hold as the taxonomy of `folder`; `add`: joined to what is there, where new ones win.

    ContractError for a file that cannot be read, InputError while another import writes.
    """
    read = read_skills(paths)
    folder.mkdir(parents=True, exist_ok=True)
    path = skills_file(folder)
    refusal = InputError(f"another import writes {path}; wait until it has ended, then import again")
    with exclusively(folder / ".lock", refusal):
        kept = Taxonomy.load(path).skills if add and path.exists() else {}
        taxonomy = Taxonomy({**kept, **{skill.id: skill for skill in read.skills}}.values())
        if not check:
            taxonomy.save(path)
    names = sum(1 + len(skill.aliases) for skill in taxonomy.skills.values())
    counts = (len(taxonomy), names, len(taxonomy.categories))
    return TaxonomyReport(str(path), not check, *counts, taxonomy.digest, read.kinds, read.unread)


def _unread(rows: int) -> str:
    return f", {rows:,} rows without what they need or that cannot be read" if rows else ""
