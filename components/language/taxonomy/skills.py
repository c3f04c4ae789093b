"""One skill, and a taxonomy of skills as a JSON file: {"skills": [{"id": ..., "label": ..., ...}, ...]}.

Only `id` and `label` have to be there. Knows no text in which skills are named.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

from pydantic import TypeAdapter, ValidationError

from metier.durable import write_whole
from metier.errors import ContractError

Relation = Literal["broader", "narrower", "related"]
RELATIONS: tuple[Relation, ...] = get_args(Relation)


@dataclass(frozen=True, slots=True)
class Skill:
    """A skill, a tool or a trade. `broader` and `related` are ids; unknown ones are passed over."""

    id: str
    label: str
    aliases: tuple[str, ...] = ()
    category: str = ""
    kind: str = ""
    """What it is: `tool`, `language` (of programming), `method`, `trade`, `field`, or what the file says."""
    broader: tuple[str, ...] = ()
    related: tuple[str, ...] = ()


@dataclass(frozen=True)
class _File:
    skills: tuple[Skill, ...]


_FILE = TypeAdapter(_File)


def digest_of(skills: Iterable[Skill]) -> str:
    """SHA-256 of the skills, whatever file they came from."""
    return hashlib.sha256(_as_json(skills).encode()).hexdigest()


def write_skills(skills: Iterable[Skill], path: Path) -> None:
    write_whole(path, _as_json(skills))


def read_skills(path: Path) -> tuple[Skill, ...]:
    """ContractError names the file and its first field that is wrong."""
    try:
        skills = _FILE.validate_json(path.read_bytes()).skills
    except OSError as error:
        raise ContractError(f"{path} cannot be read: {error.strerror}; name a file of skills as JSON") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise ContractError(f"{path} is no file of skills: {place}: {first['msg']}; correct it") from error
    return checked(skills, str(path))


def checked(skills: Sequence[Skill], source: str) -> tuple[Skill, ...]:
    """The skills; ContractError where there is none, an id is there twice, or a skill has no id or label."""
    if not skills:
        raise ContractError(f"{source} holds no skill; name a file that holds some")
    for number, skill in enumerate(skills, 1):
        if not skill.id.strip() or not skill.label.strip():
            raise ContractError(f"skill {number} of {source} has no {'label' if skill.id.strip() else 'id'}; add it")
    again, times = Counter(skill.id for skill in skills).most_common(1)[0]
    if times > 1:
        raise ContractError(f"{source} has the id {again!r} {times} times; keep one")
    return tuple(skills)


def _as_json(skills: Iterable[Skill]) -> str:
    """A skill a line, without what is empty."""
    lines = (json.dumps({k: v for k, v in asdict(skill).items() if v}, ensure_ascii=False) for skill in skills)
    return '{"skills": [\n' + ",\n".join(lines) + "\n]}\n"
