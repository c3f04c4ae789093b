"""The stored reference: every view's state at the moment that later runs are compared with, as one JSON file.

Holds edges, categories and counts. Written beside its place and renamed.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from components.monitoring.histograms import ColumnState, Histogram, ViewState
from metier.durable import write_whole
from metier.errors import InputError


@dataclass(frozen=True)
class Reference:
    """States of the views at `as_of`."""

    as_of: datetime
    views: Mapping[str, ViewState]

    def write(self, path: Path) -> None:
        """Replace the file at `path`."""
        write_whole(path, json.dumps(asdict(self), default=datetime.isoformat) + "\n")

    @classmethod
    def read(cls, path: Path) -> "Reference | None":
        """What write() left at `path`; None where there is nothing, InputError for anything else."""
        if not path.exists():
            return None
        try:
            fields = json.loads(path.read_text("utf-8"))
            views = {name: _view(each) for name, each in fields["views"].items()}
            return cls(datetime.fromisoformat(fields["as_of"]), views)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{path} is no reference of monitoring; remove it, and the next run writes one") from error


def _view(fields: Mapping[str, Any]) -> ViewState:
    newest = fields["newest"] and datetime.fromisoformat(fields["newest"])
    return ViewState(fields["rows"], newest, {name: _column(each) for name, each in fields["columns"].items()})


def _column(fields: Mapping[str, Any]) -> ColumnState:
    counted = fields["histogram"]
    if counted is None:
        return ColumnState(fields["nulls"])
    return ColumnState(fields["nulls"], Histogram(counted["kind"], tuple(counted["bins"]), tuple(counted["counts"])))
