"""What a file is by its first bytes, and what to do with one that cannot be read."""

import re
from pathlib import Path
from typing import NoReturn

from metier.errors import ContractError

HEAD = 1 << 16
"""First bytes that are looked at."""
GZIP = b"\x1f\x8b"
ZIP = b"PK\x03\x04"
PARQUET = b"PAR1"
_UNPACK = "unpack it and import what it holds"
_TABLE = "export the table as CSV, JSON lines or Parquet"
_SAVE_CSV = "save the sheet as CSV in UTF-8"
_NOT_DATA = "give the file with the data"
_SIGNATURES: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"PK\x05\x06", "an empty ZIP archive", "pack it again"),
    (0, b"BZh", "compressed by bzip2", "unpack it by bunzip2"),
    (0, b"\xfd7zXZ\x00", "compressed by xz", "unpack it by unxz"),
    (0, b"\x28\xb5\x2f\xfd", "compressed by Zstandard", "unpack it by unzstd"),
    (0, b"\x04\x22\x4d\x18", "compressed by LZ4", "unpack it by unlz4"),
    (0, b"\xff\x06\x00\x00sNaPpY", "compressed by Snappy", _UNPACK),
    (0, b"\x1f\x9d", "compressed by compress", "unpack it by uncompress"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK),
    (0, b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (257, b"ustar", "a tar archive", _UNPACK),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a workbook or document of old Microsoft Office", _SAVE_CSV),
    (0, b"%PDF-", "a PDF document", _TABLE),
    (0, b"{\\rtf", "an RTF document", _TABLE),
    (0, b"SQLite format 3\x00", "a SQLite database", _TABLE),
    (8, b"DUCK", "a DuckDB database", _TABLE),
    (4, b"Standard Jet DB", "an Access database", _TABLE),
    (4, b"Standard ACE DB", "an Access database", _TABLE),
    (0, b"PGDMP", "a dump of Postgres", _TABLE),
    (0, b"ORC", "an ORC file", "write it as Parquet"),
    (0, b"Obj\x01", "an Avro file", "write it as Parquet"),
    (0, b"ARROW1", "an Arrow file", "write it as Parquet"),
    (0, b"FEA1", "a Feather file", "write it as Parquet"),
    (0, b"\x89HDF\r\n", "an HDF5 file", "write it as Parquet"),
    (0, b"\x93NUMPY", "a NumPy array", "write it as Parquet"),
    (0, b"\x89PNG", "a picture", _NOT_DATA),
    (0, b"\xff\xd8\xff", "a picture", _NOT_DATA),
    (0, b"GIF8", "a picture", _NOT_DATA),
    (0, b"\x7fELF", "a program", _NOT_DATA),
    (0, b"MZ\x90", "a program", _NOT_DATA),
)
_PICKLE = re.compile(rb"\x80[\x02-\x05][\x95}(\]c]")
_XML = re.compile(rb"\s*<\?xml")
_HTML = re.compile(rb"\s*(<!--.*?-->\s*)*<(!doctype html|html|head|body|script)\b", re.IGNORECASE | re.DOTALL)
_JSON = re.compile(rb'\s*(\{\s*["}]|\[\s*[\[{"\]])')
_GIT_LFS = b"version https://git-lfs.github.com/spec/"
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\f\r\x1b")
_FEW = 0.02


def refuse_strange(head: bytes, path: Path) -> None:
    """ContractError where the first bytes are of no kind that is read."""
    for offset, signature, what, move in _SIGNATURES:
        if head.startswith(signature, offset):
            refuse(path, what, move)
    if _PICKLE.match(head):
        refuse(path, "a Python pickle", "write it as Parquet")
    if head.startswith(_GIT_LFS):
        refuse(path, "a pointer of Git LFS", "fetch the file itself by git lfs pull")


def text_format(head: bytes, path: Path) -> str:
    """csv, json or html, by the first characters of a text in UTF-8; ContractError where it is none."""
    if len(head) - len(head.translate(None, _CONTROLS)) > _FEW * len(head):
        nuls = {"be": head[::2].count(0), "le": head[1::2].count(0)}
        end = max(nuls, key=nuls.__getitem__)
        if nuls[end] > 10 * min(nuls.values()) and nuls[end] > len(head) // 20:
            refuse(path, "UTF-16 without its byte order mark", f"declare encoding: utf-16-{end}")
        refuse(path, "a binary file of an unknown kind", _TABLE)
    if _HTML.match(head):
        return "html"
    if _XML.match(head):
        refuse(path, "XML", "export the table as CSV or JSON")
    return "json" if _JSON.match(head) else "csv"


def refuse(path: Path, what: str, move: str) -> NoReturn:
    """ContractError that names what the file is and the next move."""
    raise ContractError(f"{path} is {what}, not a table; {move}")
