"""Pages as boards store them: what a page would show of its markup, however often it was escaped."""

import re
from html import unescape
from html.parser import HTMLParser

from metier.texts.plain_text import tidy

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

_TAG = re.compile(rf"</?(?:{_BREAKS}|{_INLINE})\b[^<>]*>", re.I)
_ESCAPED_TAG = re.compile(rf"&lt;/?(?:{_BREAKS}|{_INLINE})\b(?:(?!&[lg]t;)[^<>])*&gt;", re.I)
_ESCAPED_AGAIN = re.compile(r"&(?:amp;)+(?=#?[a-z0-9]{1,31};)", re.I)


def html_text(text: str) -> str:
    """What a page would show, tidy, a line for each block and '- ' before list items; text that is no tag stays."""
    lines = tidy(_shown(text) if "<" in text or "&" in text else text).splitlines()
    return "\n".join(line for line in lines if line not in ("", "-"))


def _shown(text: str) -> str:
    page = _Page()
    closed, arrow, remainder = _unescaped(text).rpartition("-->")
    page.feed(_STRAY.sub("&lt;", closed) + arrow + _STRAY.sub("&lt;", remainder).replace("<!--", "&lt;!--"))
    page.close()
    return "".join(page.fragments)


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


def _unescaped(text: str) -> str:
    """Markup that was escaped as a whole, or entities more than once, as the page's own."""
    once = _ESCAPED_AGAIN.sub("&", text)
    return unescape(once) if _ESCAPED_TAG.search(once) and not _TAG.search(once) else once
