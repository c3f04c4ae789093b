"""Large weights of an ONNX file where they lie in it: mapped, so that replicas of a node hold one copy between them.

onnxruntime reads a model into memory of the process; four fifths of an encoder are the vectors of its words.
Reads as much of the format as says where a weight lies (https://onnx.ai/onnx/repo-docs/IR.html): a protobuf message is
fields of a tag (number and wire type) and a value. Knows no session.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

LARGE_BYTES = 2**23
"""Smaller weights are not worth it."""
_GRAPH, _INITIALIZER = 7, 5
_DIMS, _KIND, _NAME, _CONTENT = 1, 2, 8, 9
_FLOAT = 1


class _Field(NamedTuple):
    """Its number, and its value: a whole number, or where its bytes lie."""

    number: int
    value: int
    end: int


def large_weights(path: Path) -> dict[str, NDArray[np.float32]]:
    """The float32 weights of LARGE_BYTES or more by their names, over the mapped file."""
    content = np.memmap(path, np.uint8, "r")
    weights: dict[str, NDArray[np.float32]] = {}
    for graph in _fields(content, 0, len(content)):
        for weight in _fields(content, graph.value, graph.end) if graph.number == _GRAPH else ():
            if weight.number == _INITIALIZER and weight.end - weight.value >= LARGE_BYTES:
                weights |= _float32(content, weight)
    return weights


def _float32(content: NDArray[np.uint8], weight: _Field) -> dict[str, NDArray[np.float32]]:
    """The weight by its name; nothing where it is of another type or spelled in another way."""
    told: dict[int, list[_Field]] = {}
    for field in _fields(content, weight.value, weight.end):
        told.setdefault(field.number, []).append(field)
    shape = [field.value for field in told.get(_DIMS, ())]
    kinds = [field.value for field in told.get(_KIND, ())]
    names, raw = ([(field.value, field.end) for field in told.get(number, ())] for number in (_NAME, _CONTENT))
    if kinds != [_FLOAT] or [end - start for start, end in raw] != [4 * math.prod(shape)]:
        return {}
    return {
        content[start:end].tobytes().decode(): np.ndarray(shape, np.float32, content, raw[0][0]) for start, end in names
    }


def _fields(content: NDArray[np.uint8], at: int, end: int) -> Iterator[_Field]:
    """The fields of the message at [at, end)."""
    while at < end:
        tag, at = _number(content, at)
        number, wire = tag >> 3, tag & 7
        value, at = _number(content, at) if wire in (0, 2) else (at, at)
        if wire == 0:
            yield _Field(number, value, at)
            continue
        start, at = at, at + {1: 8, 2: value, 5: 4}[wire]
        yield _Field(number, start, at)


def _number(content: Any, at: int) -> tuple[int, int]:
    """A varint, and where what follows begins."""
    value = shift = 0
    while True:
        byte = int(content[at])
        value, shift, at = value | (byte & 127) << shift, shift + 7, at + 1
        if byte < 128:
            return value, at
