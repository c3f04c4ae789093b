"""Text as it is kept: whitespace, Unicode, control characters and mojibake mended. Pure; each function idempotent."""

import re
import unicodedata

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


def tidy(text: str) -> str:
    """Composed Unicode without control or zero-width characters; single spaces, trimmed lines, at most one empty."""
    while (cleaner := _tidied(text)) != text:
        text = cleaner
    return text


def one_line(text: str) -> str:
    """`tidy` with every break as a space."""
    return " ".join(tidy(text).split())


def _tidied(text: str) -> str:
    plain = unicodedata.normalize("NFC", _INVISIBLE.sub("", _unmangled(text)))
    lines = "\n".join(" ".join(line.split()) for line in plain.splitlines())
    return re.sub("\n{3,}", "\n\n", lines).strip()


def _unmangled(text: str) -> str:
    if text.isascii() or not _MOJIBAKE.fullmatch(text):
        return text
    return text.translate(_TO_LATIN_1).encode("latin-1").decode()
