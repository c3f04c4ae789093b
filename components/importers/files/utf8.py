"""A file's text as UTF-8, whatever its encoding, in blocks that are filled; what does not decode is invalid in them."""

import codecs
from pathlib import Path

import numpy as np
import pyarrow as pa

from components.importers.files.kinds import HEAD
from components.importers.files.unpacking import Content
from metier.errors import ContractError

BLOCK_BYTES = 1 << 25
_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_STRANGE = 0xFF
"""Stands in the UTF-8 before the two halves of a byte that its encoding does not have; UTF-8 itself never holds it."""
_HALF = 0x80


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    byte = error.object[error.start]
    parts = (_STRANGE, _HALF + (byte >> 4), _HALF + (byte & 15))
    return "".join(chr(0xDC00 + part) for part in parts), error.end


codecs.register_error("metier.mark", _mark)


class Utf8:
    """The text of a stream from its beginning. `encoding`: what was declared, or what its first bytes say."""

    def __init__(self, content: Content, path: Path, encoding: str | None) -> None:
        head = content.head()
        mark, marked = next(((mark, name) for mark, name in _MARKS if head.startswith(mark)), (b"", None))
        self.path = path
        self.encoding = _known(marked or encoding or "utf-8", path)
        self._content = content
        content.read(len(mark))
        self._decoder = codecs.getincrementaldecoder(self.encoding)("metier.mark")
        self._ended = False
        self.head = self._recoded(head[len(mark) :])
        self._decoder.reset()
        self._has_returns_only = b"\r" in self.head and b"\n" not in self.head

    def read(self, size: int) -> bytes:
        """About `size` bytes, fewer only at the end, and none behind it; every line ends with a newline."""
        text = self._content.read(size) if self.encoding == "utf-8" else self._decoded(size)
        return text.replace(b"\r", b"\n") if self._has_returns_only else text

    def wrong_byte(self, text: bytes) -> tuple[int, int] | None:
        """(position, value) of the first byte of `text` that its encoding does not have."""
        try:
            text.decode()
        except UnicodeDecodeError as error:
            byte = text[error.start]
            if self.encoding != "utf-8" and byte == _STRANGE:
                byte = (text[error.start + 1] - _HALF) * 16 + text[error.start + 2] - _HALF
            return error.start, byte
        return None

    def _decoded(self, size: int) -> bytes:
        parts: list[bytes] = []
        while sum(map(len, parts)) < size and not self._ended:
            content = self._content.read(HEAD)
            self._ended = not content
            parts.append(self._recoded(content))
        return b"".join(parts)

    def _recoded(self, content: bytes) -> bytes:
        return self._decoder.decode(content, final=not content).encode(errors="surrogateescape")


class Blocks:
    """The text in blocks of about `size` bytes, each of which starts with the row in line `line` of the file.

    `is_last`: nothing comes behind `text`.
    """

    def __init__(self, source: Utf8, size: int = BLOCK_BYTES) -> None:
        self.text = b""
        self.line = 1
        self.is_last = False
        self._source, self._size = source, size

    def fill(self) -> bool:
        """Read on, twice as far where the block held no whole row; False where all was read."""
        if self.is_last:
            return False
        wanted = max(self._size - len(self.text), len(self.text), 1)
        content = self._source.read(wanted)
        self.text += content
        self.is_last = len(content) < wanted
        return True

    def drop(self, end: int) -> None:
        """The text before `end`, where a row starts, was read."""
        self.line = self.line_at(end)
        self.text = self.text[end:]

    def line_at(self, position: int) -> int:
        """Number of the file's line in which the byte at `position` of the block stands."""
        return self.line + self.text.count(b"\n", 0, position)


def is_valid(text: bytes) -> bool:
    """Whether it is UTF-8."""
    size = pa.py_buffer(np.array([0, len(text)], np.int64))
    try:
        pa.Array.from_buffers(pa.large_binary(), 1, [None, size, pa.py_buffer(text)]).cast(pa.large_string())
    except pa.ArrowInvalid:
        return False
    return True


def shown(row: bytes) -> str:
    """The row's text, whatever it holds, without its end."""
    return row.decode(errors="replace").rstrip("\r\n")


def _known(encoding: str, path: Path) -> str:
    try:
        b"".decode(encoding)
        return codecs.lookup(encoding.replace("-sig", "").replace("_sig", "")).name
    except LookupError as error:
        raise ContractError(
            f"{path}: encoding {encoding!r} is unknown; use one that Python knows, such as utf-8, cp1252 or utf-16"
        ) from error
