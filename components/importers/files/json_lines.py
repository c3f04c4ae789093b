"""JSON lines as pieces of an Arrow table of text; a line that is no JSON object is marked and kept."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from components.importers.files.json_fields import dumped, object_rows, parsed, valid
from components.importers.files.quotes import LONGEST_ROW
from components.importers.files.unread import Unread
from components.importers.files.utf8 import Blocks, Utf8, is_valid, shown
from metier.contract import TEXT
from metier.errors import ContractError

NOT_AN_OBJECT = "line is not a JSON object"


def are_json_lines(text: bytes) -> bool:
    """Whether one of the first two lines, of several, is an object by itself."""
    lines = text.lstrip().split(b"\n", 2)
    return (
        len(lines) > 1
        and bool(b"".join(lines[1:]).strip())
        and any(isinstance(parsed(line), dict) for line in lines[:2])
    )


def json_line_pieces(text: Utf8, blocks: Blocks, wanted: Sequence[str] | None) -> Iterator[pa.Table]:
    """The wanted fields of each line (None: all), with those that cannot be read below them; blank lines are none."""
    is_known = False
    reading = True
    while reading:
        end = len(blocks.text) if blocks.is_last else blocks.text.rfind(b"\n") + 1
        if not end and len(blocks.text) > LONGEST_ROW:
            raise ContractError(f"{text.path}: line {blocks.line:,} has more than {LONGEST_ROW:,} bytes; mend its ends")
        if end or blocks.is_last:
            yield object_rows(*_objects(text, blocks, end), wanted, None if is_known else text.path)
            is_known = True
        blocks.drop(end)
        reading = blocks.fill()


def _objects(text: Utf8, blocks: Blocks, end: int) -> tuple[pa.Array, list[Unread]]:
    """The lines up to `end` that are objects, and the others."""
    content = blocks.text[:end]
    codes = np.frombuffer(content, np.uint8)
    starts = np.append(0, np.flatnonzero(codes == ord("\n")) + 1)
    ends = np.append(starts[1:], len(content))
    starts, ends = starts[starts < ends], ends[starts < ends]
    is_plain = codes[starts] == ord("{")
    if not is_valid(content):
        suspects = np.searchsorted(starts, np.flatnonzero(codes >= 0x80), side="right") - 1
        is_plain[suspects] = False
    offsets = pa.py_buffer(np.append(starts, len(content)).astype(np.int32))
    lines = pa.Array.from_buffers(TEXT, len(starts), [None, offsets, pa.py_buffer(content)])
    plain = lines if is_plain.all() else lines.filter(pa.array(is_plain))
    is_plain[is_plain] = valid(plain)
    if is_plain.all():
        return lines, []
    mended, unread = _looked_at(
        text, blocks, [(n, content[starts[n] : ends[n]]) for n in np.flatnonzero(~is_plain).tolist()]
    )
    return pa.concat_arrays([lines.filter(pa.array(is_plain)), pa.array(mended, TEXT)]), unread


def _looked_at(text: Utf8, blocks: Blocks, lines: list[tuple[int, bytes]]) -> tuple[list[str], list[Unread]]:
    """Objects that Python alone reads, such as those with a tab in a text, and lines that nobody reads."""
    mended, unread = [], []
    for number, line in lines:
        place = f"line {blocks.line + number:,}"
        if wrong := text.wrong_byte(line):
            unread.append((f"row is not valid {text.encoding.upper()} ({place}, byte 0x{wrong[1]:02X})", shown(line)))
        elif isinstance(value := parsed(line), dict):
            mended.append(dumped(value))
        elif line.strip():
            unread.append((f"{NOT_AN_OBJECT} ({place})", shown(line)))
    return mended, unread
