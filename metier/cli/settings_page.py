"""`metier settings`: every setting, as the page docs/settings.md says it."""

import json
from dataclasses import asdict

import typer

from metier.cli.output import JsonOption
from metier.settings import setting_docs

INTRODUCTION = """\
# Settings

Each is an environment variable; all are optional. This page is written by `metier settings > docs/settings.md`.
"""


def settings(as_json: JsonOption = False) -> None:
    """Every setting: its environment variable, its default and what it means; the page docs/settings.md.

    Example: metier settings
    """
    if as_json:
        typer.echo(json.dumps([asdict(doc) for doc in setting_docs()]))
    else:
        typer.echo(page(), nl=False)


def page() -> str:
    """The page, Markdown."""
    rows = (f"| `{doc.variable}` | {doc.default} | {doc.meaning} |" for doc in setting_docs())
    return "\n".join([INTRODUCTION, "| variable | default | what |", "|---|---|---|", *rows, ""])
