"""Values that exports spell as text: HTML, lists, truth values, and what stands for nothing.

Pure functions of one value. What cannot be read with certainty is refused with a reason that can be counted; knows no
file, no table and no column.
"""

import json
import re
from ast import literal_eval
from html.parser import HTMLParser

from metier.errors import RefusedValueError
from metier.texts.plain_text import one_line, tidy

MISSING = frozenset({"", "-", "--", "na", "n/a", "nan", "none", "null"})
"""How exports spell a value that is not there, whatever the case."""

_TRUE, _FALSE = {"true", "t", "yes", "y", "1", "on"}, {"false", "f", "no", "n", "0", "off"}
_BREAKS = (
    "address|article|blockquote|br|dd|div|dl|dt|figure|footer|form|h1|h2|h3|h4|h5|h6|header|hr|li|main|ol|p|pre|section|"
    "table|tr|ul"
)
_INLINE = (
    "a|abbr|b|big|body|center|cite|code|col|colgroup|del|dfn|em|font|head|html|i|img|input|ins|kbd|label|link|mark|meta|"
    "nav|q|s|samp|script|small|span|strike|strong|style|sub|sup|tbody|td|tfoot|th|thead|time|tt|u|var|wbr"
)
_BREAK_TAGS = frozenset(_BREAKS.split("|"))
_UNSEEN = frozenset({"script", "style"})
_STRAY = re.compile(rf"<(?!/?(?:{_BREAKS}|{_INLINE})\b[^<>]*>|!--|!doctype\b)", re.I)
"""A '<' that opens no tag: 'C++ <vector>', 'x < y'."""

_QUOTED = r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_ARRAY = re.compile(rf"[\[(]\s*(?:{_QUOTED}(?:\s*,\s*|\s+|(?=[\])])))*[\])]", re.S)
_SEPARATORS = ("|", ";", "\n", "•", ",")


def is_missing(text: str) -> bool:
    return text.strip().casefold() in MISSING


def html_text(text: str) -> str:
    """What a page would show, tidy, a line for each block and '- ' before list items; text that is no tag stays."""
    page = _Page()
    closed, arrow, remainder = text.rpartition("-->")
    page.feed(_STRAY.sub("&lt;", closed) + arrow + _STRAY.sub("&lt;", remainder).replace("<!--", "&lt;!--"))
    page.close()
    lines = tidy("".join(page.fragments)).splitlines()
    return "\n".join(line for line in lines if line not in ("", "-"))


def listed(text: str) -> list[str]:
    """Members of a JSON, Python or numpy list, or of a text separated by |, ;, breaks or commas; each name once."""
    tidied = tidy(text)
    if is_missing(tidied):
        return []
    first: dict[str, str] = {}
    for member in _array(tidied) if tidied.startswith(("[", "(")) else _separated(tidied):
        name = one_line(member)
        if not is_missing(name):
            first.setdefault(name.casefold(), name)
    return list(first.values())


def truth(text: str) -> bool:
    """RefusedValueError for what is neither yes nor no."""
    word = one_line(text).casefold()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise RefusedValueError("neither yes nor no")


class _Page(HTMLParser):
    """Collects what is shown."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.fragments: list[str] = []
        self._unseen = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen = tag in _UNSEEN
        self._separate(tag)
        if tag == "li":
            self.fragments.append("\n- ")

    def handle_endtag(self, tag: str) -> None:
        self._unseen = False
        self._separate(tag)

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.fragments.append(data)

    def _separate(self, tag: str) -> None:
        if tag in _BREAK_TAGS:
            self.fragments.append("\n")
        elif tag in ("td", "th"):
            self.fragments.append(" ")


def _array(text: str) -> list[str]:
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        if not _ARRAY.fullmatch(text):
            raise RefusedValueError("a list that cannot be read") from None
        return [_unquoted(part) for part in re.findall(_QUOTED, text, re.S)]
    if not all(isinstance(member, str | int | float | None) for member in members):
        raise RefusedValueError("a list of lists or objects")
    return [str(member) for member in members if member is not None]


def _unquoted(part: str) -> str:
    try:
        return str(literal_eval(part))
    except (SyntaxError, ValueError):
        return part[1:-1]


def _separated(text: str) -> list[str]:
    separator = next((mark for mark in _SEPARATORS if mark in text), ",")
    return [part.strip(" \"'") for part in text.split(separator)]
