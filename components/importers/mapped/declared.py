"""The YAML of a mapping, with the line of each of its keys, so that a mistake can be told where it stands.

Keys are text as written ('yes' is no truth value there) and stand once. Knows YAML; no column and no kind.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from metier.errors import ContractError, SettingsError


@dataclass(frozen=True)
class Declared:
    """What a YAML file holds, and the lines of its keys, each named by the keys that lead to it."""

    path: Path
    content: dict[str, Any]
    lines: Mapping[tuple[str, ...], int]

    @contextmanager
    def told(self, *keys: str) -> Iterator[None]:
        """A ContractError of the block says in which line `keys` stand."""
        try:
            yield
        except ContractError as error:
            line = self.lines.get(keys)
            raise (ContractError(f"{error} (line {line})") if line else error) from error


class _Loader(yaml.SafeLoader):
    """SafeLoader whose keys are text and stand once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        for key, named in zip(keys, node.value, strict=True):
            if not isinstance(key, str):
                raise yaml.MarkedYAMLError(problem="a key that is no text", problem_mark=named[0].start_mark)
            if keys.count(key) > 1:
                raise yaml.MarkedYAMLError(problem=f"{key!r} stands twice", problem_mark=node.start_mark)
        return {key.value: self.construct_object(value, deep=True) for key, value in node.value}


def load(path: Path) -> Declared:
    """SettingsError where the file cannot be read, ContractError where it is no YAML mapping."""
    try:
        loader = _Loader(path.read_text(encoding="utf-8"))
        node = loader.get_single_node()
        content = loader.construct_document(node) if node else None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read ({error.strerror}); give the mapping's YAML file") from error
    except UnicodeDecodeError as error:
        raise ContractError(f"{path} is not UTF-8 text; save the mapping as UTF-8") from error
    except yaml.MarkedYAMLError as error:
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ContractError(f"{path} is not valid YAML{line} ({error.problem}); correct it") from error
    except (yaml.YAMLError, ValueError, TypeError) as error:
        raise ContractError(f"{path} is not valid YAML ({' '.join(str(error).split())}); correct it") from error
    if not isinstance(content, dict):
        raise ContractError(f"{path} holds no mapping; write 'jobs:' with a line for each column of the contract")
    return Declared(path, content, dict(_lines(node, ())))


def _lines(node: yaml.Node | None, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*above, key.value), key.start_mark.line + 1
            yield from _lines(value, (*above, key.value))
