"""Job postings in the words of schema.org: JSON-LD by itself, or in the scripts of an HTML page."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pyarrow as pa

from components.importers.files.json_fields import dumped, parsed
from metier.contract import TEXT

_POSTING = "JobPosting"
_TYPE = '"@type"'


def postings(document: str) -> pa.Array | None:
    """The JobPosting objects of a JSON-LD document, one JSON text each; None where it holds none."""
    if _POSTING not in document or _TYPE not in document:
        return None
    found = list(_postings(parsed(document)))
    return pa.array(map(dumped, found), TEXT) if found else None


def page_postings(page: str) -> tuple[pa.Array, list[str]]:
    """The JobPosting objects in a page's scripts of JSON-LD, and the scripts that are no JSON."""
    scripts = _Scripts()
    scripts.feed(page)
    scripts.close()
    values = [(script, parsed(script)) for script in scripts.texts]
    found = [dumped(posting) for _, value in values for posting in _postings(value)]
    return pa.array(found, TEXT), [script for script, value in values if value is None]


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
    """Types may be several, with the vocabulary's address or prefix before them."""
    names = types if isinstance(types, list) else [types]
    return any(isinstance(name, str) and name.replace(":", "/").split("/")[-1] == _POSTING for name in names)


class _Scripts(HTMLParser):
    """The scripts of a page that hold JSON-LD."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._is_open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        kind = dict(attrs).get("type") or ""
        self._is_open = tag == "script" and kind.partition(";")[0].strip().lower() == "application/ld+json"
        if self._is_open:
            self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._is_open = False

    def handle_data(self, data: str) -> None:
        if self._is_open:
            self.texts[-1] += data
