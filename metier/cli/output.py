"""What commands print: a report for a person, or JSON for a program."""

import json
from dataclasses import asdict
from typing import Annotated, Any, ClassVar, Protocol

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]


class Report(Protocol):
    """A dataclass that can say itself to a person."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def render(self) -> str:
        """Text of one or more lines."""
        ...


def print_report(report: Report, as_json: bool) -> None:
    """The report's text, or its fields as a JSON object."""
    print(json.dumps(asdict(report)) if as_json else report.render())
