"""Bodies as they arrive: read whole and bounded, inflated, and looked at as JSON before anything parses them.

What cannot be read is a Refusal: a status, and a line that says what to send instead. Knows HTTP's headers and JSON; no
route and no field.
"""

import json
import zlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

LARGEST_BODY = 1_000_000
"""Bytes, inflated."""
WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 47}
"""Content codings that are inflated, with zlib's window bits: 47 reads gzip's and zlib's header."""
CHARSETS = ("utf-8", "utf8", "us-ascii", "ascii")
LONGEST_KEY = 60
MOST_DEPTH = 32
"""Objects and lists within each other."""

Headers = Mapping[bytes, bytes]


@dataclass(frozen=True)
class Refusal:
    """Answered with `status`, a line of JSON and more headers."""

    status: int
    line: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


@dataclass(frozen=True)
class Parsed:
    """JSON as Python holds it."""

    value: Any


TOO_LARGE = Refusal(413, f"the body is over {LARGEST_BODY:,} bytes; send fewer candidates or events at a time")

TOO_DEEP = Refusal(400, "the body is nested too deeply; send the fields that /docs shows")


def refused_by_headers(headers: Headers) -> Refusal | None:
    """Why a body of these headers is not read: it is too large, or in a coding or charset that nothing here reads."""
    length = headers.get(b"content-length", b"0")
    if length.isdigit() and int(length) > LARGEST_BODY:
        return TOO_LARGE
    if _coding(headers) not in ("", "identity", *WINDOWS):
        accepted = (b"accept-encoding", b"gzip, deflate")
        return Refusal(415, "bodies are read as they are, as gzip or as deflate; send it so", (accepted,))
    charset = _charset(headers)
    if charset is not None and charset not in CHARSETS:
        return Refusal(415, "JSON is read in UTF-8; send it so, and leave out the charset")
    return None


async def whole_body(receive: Callable[[], Awaitable[Any]]) -> bytes | Refusal | None:
    """The body; None where the sender hung up before its end."""
    body, complete = bytearray(), False
    while not complete:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        complete = not message.get("more_body", False)
        if len(body) > LARGEST_BODY:
            return TOO_LARGE
    return bytes(body)


def inflated(body: bytes, headers: Headers) -> bytes | Refusal:
    """The body without its content coding; no more than LARGEST_BODY bytes are inflated."""
    coding = _coding(headers)
    if coding not in WINDOWS or not body:
        return body
    stream = zlib.decompressobj(WINDOWS[coding])
    try:
        plain = stream.decompress(body, LARGEST_BODY + 1)
    except zlib.error:
        return Refusal(400, f"the body is not {coding}; send what its content-encoding says")
    if len(plain) > LARGEST_BODY:
        return TOO_LARGE
    if not stream.eof or stream.unused_data:
        return Refusal(400, f"the body is not one whole {coding} stream; send it again")
    return plain


def read_as_json(body: bytes, headers: Headers) -> Parsed | Refusal | None:
    """What a body that is called JSON holds; None for other bodies.

    Refused is what is not UTF-8, too deep, or gives a key of one object twice. Other faults of JSON are left to the
    parser behind, which says where they are: None.
    """
    kind = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
    if not body or not (kind == b"application/json" or kind.endswith(b"+json")):
        return None
    twice: list[str] = []
    try:
        value = json.loads(body.decode("utf-8-sig"), object_pairs_hook=lambda pairs: _distinct(pairs, twice))
    except UnicodeDecodeError as error:
        return Refusal(400, f"the body is not UTF-8 (byte {error.start}); send JSON in UTF-8")
    except RecursionError:
        return TOO_DEEP
    except json.JSONDecodeError:
        return None
    except ValueError:  # Python refuses integers of thousands of digits
        return Refusal(400, "the body holds a number of thousands of digits; send what /docs shows")
    if body.count(b"[") + body.count(b"{") > MOST_DEPTH and _depth(value) > MOST_DEPTH:
        return TOO_DEEP
    if not twice:
        return Parsed(value)
    return Refusal(400, f"the body gives {json.dumps(twice[0][:LONGEST_KEY])} twice in one object; give each key once")


def _depth(value: Any) -> int:
    """How many objects and lists lie within each other."""
    depth, level = 0, [value]
    while level := [each for each in level if isinstance(each, dict | list)]:
        depth += 1
        level = [inner for each in level for inner in (each.values() if isinstance(each, dict) else each)]
    return depth


def _distinct(pairs: list[tuple[str, Any]], twice: list[str]) -> dict[str, Any]:
    """The object; what it gives more than once is added to `twice`."""
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        twice += [name for name in fields if names.count(name) > 1][:1]
    return fields


def _coding(headers: Headers) -> str:
    return headers.get(b"content-encoding", b"").decode("latin-1").strip().lower()


def _charset(headers: Headers) -> str | None:
    for parameter in headers.get(b"content-type", b"").decode("latin-1").lower().split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset":
            return value.strip().strip("\"'")
    return None
