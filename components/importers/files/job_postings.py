"""Job postings in the words of schema.org: JSON-LD by itself, or in the scripts of an HTML page."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import pyarrow as pa

from components.importers.files.json_fields import dumped, parsed
from metier.contract import TEXT

_POSTING = "jobposting"
_TYPE = '"@type"'
_WRAPPED = re.compile(
    r"\s*(?:(?://|/\*)?\s*(?:<!\[CDATA\[|<!--)\s*(?:\*/)?)?(?P<json>.*?)\s*;?"
    r"\s*(?:(?://|/\*)?\s*(?:\]\]>|-->)\s*(?:\*/)?)?\s*;?\s*",
    re.DOTALL,
)
"""A script's JSON within the marks that hid it from old readers, and before the semicolon of a statement."""


@dataclass(frozen=True)
class PagePostings:
    """The JobPosting objects of a page, one JSON text each, and what was not read.

    `broken`: scripts that are no JSON; `unread`: elements that describe a posting otherwise, in microdata or RDFa.
    """

    found: pa.Array
    broken: tuple[str, ...]
    unread: tuple[str, ...]


def postings(document: str) -> pa.Array | None:
    """The JobPosting objects of a JSON-LD document, one JSON text each; None where it holds none."""
    if _POSTING not in document.casefold() or _TYPE not in document:
        return None
    found = list(_postings(parsed(document)))
    return pa.array(map(dumped, found), TEXT) if found else None


def page_postings(page: str) -> PagePostings:
    """The postings in a page's scripts of JSON-LD."""
    scripts = _Scripts()
    scripts.feed(page)
    scripts.close()
    values = [(script, _script(script)) for script in scripts.texts]
    found = [dumped(posting) for _, value in values for posting in _postings(value)]
    broken = tuple(script for script, value in values if value is None)
    return PagePostings(pa.array(found, TEXT), broken, tuple(scripts.elements))


def _script(text: str) -> Any:
    value = parsed(text)
    if value is None and (wrapped := _WRAPPED.fullmatch(text)):
        value = parsed(wrapped["json"])
    return value


def _postings(value: Any) -> Iterator[dict[str, Any]]:
    """Those within a value, in their order; a posting within a posting is a part of it."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict) and _is_posting(value.get("@type")):
            yield value
        elif isinstance(value, dict | list):
            waiting += reversed(list(value.values()) if isinstance(value, dict) else value)


def _is_posting(types: Any) -> bool:
    """Types may be several, in any case, with the vocabulary's address or prefix before them."""
    names = types if isinstance(types, list) else [types]
    plain = (name.replace(":", "/").split("/")[-1].strip() for name in names if isinstance(name, str))
    return any(name.casefold() == _POSTING for name in plain)


class _Scripts(HTMLParser):
    """The scripts of a page that hold JSON-LD, and the elements that are postings by their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.elements: list[str] = []
        self._is_open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if any(_is_posting((given.get(name) or "").split()) for name in ("itemtype", "typeof")):
            self.elements.append(self.get_starttag_text() or tag)
        kind = given.get("type") or ""
        self._is_open = tag == "script" and kind.partition(";")[0].strip().lower() == "application/ld+json"
        if self._is_open:
            self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._is_open = False

    def handle_data(self, data: str) -> None:
        if self._is_open:
            self.texts[-1] += data
