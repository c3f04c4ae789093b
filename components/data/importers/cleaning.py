"""Texts of exports made plain: HTML, whitespace, Unicode, lists and truth values that are spelled as text.

Pure functions of one value. What cannot be read with certainty is Refused with a reason that can be counted; knows no
file, no table and no column.
"""

import json
import re
import unicodedata
from ast import literal_eval
from html.parser import HTMLParser

MISSING = frozenset({"", "-", "--", "na", "n/a", "nan", "none", "null"})
"""How exports spell a value that is not there, whatever the case."""

_TRUE, _FALSE = {"true", "t", "yes", "y", "1", "on"}, {"false", "f", "no", "n", "0", "off"}
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064"
    "\u2066-\u206f\ufeff\ufff9-\ufffb]"
    "|(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])"
)
"""Control and zero-width characters; joiners stay within scripts and emoji that need them."""

_TO_LATIN_1 = {ord(char): byte for byte in range(0x80, 0xC0) if (char := bytes([byte]).decode("cp1252", "ignore"))}
_TAIL = f"[\x80-\xbf{re.escape(''.join(map(chr, _TO_LATIN_1)))}]"
_ENDS_A_WORD = "[\xa0»”’›…–—™®]"
_MOJIBAKE = re.compile(f"(?:[\x00-\x7f]|[ÂÃ](?!{_ENDS_A_WORD}){_TAIL}|Â\xa0|â{_TAIL}{{2}}|ï»¿|ð[Ÿ\x9f]{_TAIL}{{2}})+")
"""A text whose every non-ASCII run is UTF-8 of Latin letters, punctuation or emoji, read as Windows-1252."""

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


class Refused(Exception):  # noqa: N818 - never leaves the importers: posts count it
    """A value that cannot be read with certainty; the text is a reason without the value."""


def is_missing(text: str) -> bool:
    return text.strip().casefold() in MISSING


def tidy(text: str) -> str:
    """Composed Unicode without control or zero-width characters; single spaces, trimmed lines, at most one empty."""
    while (cleaner := _tidied(text)) != text:
        text = cleaner
    return text


def one_line(text: str) -> str:
    """`tidy` with every break as a space."""
    return " ".join(tidy(text).split())


def html_text(text: str) -> str:
    """What a page would show, tidy, a line for each block and '- ' before list items; text that is no tag stays."""
    page = _Page()
    closed, arrow, rest = text.rpartition("-->")
    page.feed(_STRAY.sub("&lt;", closed) + arrow + _STRAY.sub("&lt;", rest).replace("<!--", "&lt;!--"))
    page.close()
    lines = tidy("".join(page.shown)).splitlines()
    return "\n".join(line for line in lines if line not in ("", "-"))


def listed(text: str) -> list[str]:
    """Members of a JSON, Python or numpy list, or of a text separated by |, ;, breaks or commas; each name once."""
    whole = tidy(text)
    if is_missing(whole):
        return []
    first: dict[str, str] = {}
    for member in _array(whole) if whole.startswith(("[", "(")) else _separated(whole):
        name = one_line(member)
        if not is_missing(name):
            first.setdefault(name.casefold(), name)
    return list(first.values())


def truth(text: str) -> bool:
    """Refused for what is neither yes nor no."""
    word = one_line(text).casefold()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise Refused("neither yes nor no")


class _Page(HTMLParser):
    """Collects what is shown."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.shown: list[str] = []
        self._unseen = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen = tag in _UNSEEN
        self._separate(tag)
        if tag == "li":
            self.shown.append("\n- ")

    def handle_endtag(self, tag: str) -> None:
        self._unseen = False
        self._separate(tag)

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.shown.append(data)

    def _separate(self, tag: str) -> None:
        if tag in _BREAK_TAGS:
            self.shown.append("\n")
        elif tag in ("td", "th"):
            self.shown.append(" ")


def _tidied(text: str) -> str:
    plain = unicodedata.normalize("NFC", _INVISIBLE.sub("", _unmangled(text)))
    lines = "\n".join(" ".join(line.split()) for line in plain.splitlines())
    return re.sub("\n{3,}", "\n\n", lines).strip()


def _unmangled(text: str) -> str:
    if text.isascii() or not _MOJIBAKE.fullmatch(text):
        return text
    return text.translate(_TO_LATIN_1).encode("latin-1").decode()


def _array(text: str) -> list[str]:
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        if not _ARRAY.fullmatch(text):
            raise Refused("a list that cannot be read") from None
        return [_unquoted(part) for part in re.findall(_QUOTED, text, re.S)]
    if not all(isinstance(member, str | int | float | None) for member in members):
        raise Refused("a list of lists or objects")
    return [str(member) for member in members if member is not None]


def _unquoted(part: str) -> str:
    try:
        return str(literal_eval(part))
    except (SyntaxError, ValueError):
        return part[1:-1]


def _separated(text: str) -> list[str]:
    separator = next((mark for mark in _SEPARATORS if mark in text), ",")
    return [part.strip(" \"'") for part in text.split(separator)]
