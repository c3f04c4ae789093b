"""Great Expectations' Data Docs as pages that need no network.

Its pages take style and scripts from CDNs, and one of the scripts draws the index: without internet nothing is seen.
Here each page holds its style, has no script, and the index is a table. Knows pages; not what is expected.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote

from metier.durable import write_whole

_HERE = Path(__file__).parent
_LOADED = re.compile(r"<script\b.*?</script\s*>|<link\b[^>]*>", re.S | re.I)
_REMOTE_IMAGE = re.compile(r"<img\b[^>]*\bsrc=[\"']?https?://[^>]*>", re.I)
_REMOTE_URL = re.compile(r"url\(\s*[\"']?https?://[^)]*\)", re.I)
_HEAD_END = re.compile(r"</head\s*>", re.I)


@dataclass(frozen=True)
class SuiteOutcome:
    """Expectations of a suite: how many were checked, are not met, and are met with exceptions."""

    name: str
    checked: int
    failed: int
    warned: int


def finish_data_docs(docs: Path, run: str, suites: Sequence[SuiteOutcome]) -> Path:
    """Make the pages of the run that Great Expectations has just written to `docs` self-contained.

    The index is written anew; returns its path. Great Expectations removes the pages of earlier runs.
    """
    for path in sorted(docs.rglob("*.html")):
        write_whole(path, self_contained(path.read_text("utf-8")))
    index = docs / "index.html"
    write_whole(index, _index(docs, run, suites))
    return index


def self_contained(page: str) -> str:
    """The page with our style, without scripts, and without anything that a browser would load from elsewhere."""
    page = _REMOTE_URL.sub("none", _REMOTE_IMAGE.sub("Data Docs", _LOADED.sub("", page)))
    style = f"<style>\n{_style()}</style>\n"
    return _HEAD_END.sub(lambda end: style + end[0], page, count=1)


@cache
def _style() -> str:
    return (_HERE / "data_docs.css").read_text("utf-8")


def _index(docs: Path, run: str, suites: Sequence[SuiteOutcome]) -> str:
    import jinja2

    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(_HERE), autoescape=True, trim_blocks=True)
    return environment.get_template("data_docs.html.j2").render(
        style=_style(),
        run=run,
        suites=[(suite, _page(docs, suite.name)) for suite in suites],
        checked=sum(suite.checked for suite in suites),
        failed=sum(suite.failed for suite in suites),
    )


def _page(docs: Path, suite: str) -> str:
    """Link to the suite's results, which Great Expectations writes to validations/suite/run/time/batch.html."""
    page = max((docs / "validations" / suite).glob("*/*/*.html"))
    return quote(page.relative_to(docs).as_posix())
