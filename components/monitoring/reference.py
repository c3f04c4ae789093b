"""The stored reference: every view's state at the moment that later runs are compared with, as one JSON file.

Holds edges, categories and counts. Written beside its place and renamed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from components.monitoring.histograms import ViewState
from metier.durable import write_whole
from metier.errors import InputError
from metier.stored import Moment, as_json, from_json


@dataclass(frozen=True)
class Reference:
    """States of the views at `as_of`."""

    as_of: Moment
    views: Mapping[str, ViewState]

    def write(self, path: Path) -> None:
        """Replace the file at `path`."""
        write_whole(path, as_json(self) + "\n")

    @classmethod
    def read(cls, path: Path) -> "Reference | None":
        """What write() left at `path`; None where there is nothing, InputError for anything else."""
        if not path.exists():
            return None
        try:
            return from_json(cls, path.read_bytes())
        except ValueError as error:
            raise InputError(f"{path} is no reference of monitoring; remove it, and the next run writes one") from error
