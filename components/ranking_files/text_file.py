"""The bytes of a text file and its numbered lines: gzip opened, byte order mark removed. Knows no format."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from metier.errors import InputError

_GZIP = b"\x1f\x8b"
_MARK = b"\xef\xbb\xbf"
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")


def read_text(path: Path) -> bytes:
    """The content of `path` as UTF-8 without a byte order mark; InputError where it cannot be read as that."""
    if not path.is_file():
        raise InputError(f"no file {path}; check the path")
    content = path.read_bytes()
    if content.startswith(_GZIP):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"{path} is gzip and cannot be unpacked ({error}); copy it again") from error
    if content.startswith(_WIDE_MARKS):
        raise InputError(f"{path} is UTF-16; save it as UTF-8")
    content = content.removeprefix(_MARK)
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}, line {line} is not UTF-8 text; save the file as UTF-8") from error
    return content


def numbered_lines(content: bytes) -> Iterator[tuple[int, str]]:
    """(line number from 1, text without outer blanks) of the lines that hold something."""
    for number, line in enumerate(content.decode("utf-8").split("\n"), 1):
        if text := line.strip():
            yield number, text
