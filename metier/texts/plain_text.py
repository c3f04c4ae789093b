"""Text as it is kept: whitespace, Unicode, control characters and mojibake mended. Pure; each function idempotent."""

import re
import unicodedata

import ftfy
from ftfy.badness import is_bad

_VARIATION = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064"
    "\u2066-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a]"
    "|(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])"
    "|(?P<flag>\U0001f3f4[\U000e0061-\U000e007a]{4,6}\U000e007f)|[\U000e0000-\U000e007f]"
    f"|(?<=[{_VARIATION}])[{_VARIATION}]|(?<![^\x00-\x22\x24-\x29\x2b-\x2f\x3a-\x7f])[{_VARIATION}]"
)
"""Control and zero-width characters, in which a text could hide another that only programs read.

Joiners stay within scripts and emoji that need them, tag characters in flags, and one variation selector behind a
character that has variants: none of ASCII's but those of keycaps.
"""

_SUSPECT = re.compile("[^\x00-\x7f]{2}|[\x80-\x9f]|Ã ")
"""UTF-8 read as another encoding has two such characters side by side, but where a space was made plain."""

_QUOTED_CAPITALS = re.compile("[A-ZÀ-Þ]{2}[ÂÃ][»”’›…–—™®]")
"""A word in capitals before a closing mark ('MANHÃ»'), which is also how a letter looks when it is mangled."""


def tidy(text: str) -> str:
    """Composed Unicode without control or zero-width characters; single spaces, trimmed lines, at most one empty."""
    while not _is_plain(text) and (cleaner := _tidied(text)) != text:
        text = cleaner
    return text


def one_line(text: str) -> str:
    """`tidy` with every break as a space."""
    return text if _is_plain(text) else " ".join(tidy(text).split())


def _is_plain(text: str) -> bool:
    """Whether it is printable ASCII with single spaces, which nothing needs to be done to."""
    return text.isascii() and text.isprintable() and "  " not in text and text == text.strip()


def _tidied(text: str) -> str:
    plain = unicodedata.normalize("NFC", _INVISIBLE.sub(_flag, _unmangled(text)))
    lines = "\n".join(" ".join(line.split()) for line in plain.splitlines())
    return re.sub("\n{3,}", "\n\n", lines).strip()


def _flag(match: re.Match[str]) -> str:
    return match["flag"] or ""


def _unmangled(text: str) -> str:
    """Lines that were decoded by the wrong encoding, restored by ftfy; as they are where that is not certain."""
    return "\n".join(map(_unmangled_line, text.split("\n"))) if _SUSPECT.search(text) else text


def _unmangled_line(line: str) -> str:
    if not _SUSPECT.search(line) or not is_bad(line) or _QUOTED_CAPITALS.search(line):
        return line
    return ftfy.fix_encoding(line)
