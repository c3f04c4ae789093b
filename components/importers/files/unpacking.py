"""A file's bytes, unpacked where they are in gzip or ZIP, by a stream that fills what it is asked for."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from gzip import BadGzipFile, GzipFile
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO, Any, cast

from components.importers.files.kinds import GZIP, HEAD, ZIP, refuse, refuse_strange
from metier.errors import ContractError

_LAYERS = 3
_OFFICE = {"xl": "an Excel workbook", "word": "a Word document", "ppt": "a PowerPoint presentation"}
_SAVE_CSV = "save its table as CSV in UTF-8"


class _Filled(io.RawIOBase):
    """A stream whose reads give all that was asked for, but at its end; damage is a ContractError."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        super().__init__()
        self._path, self._file, self._given = path, file, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        filled = 0
        while filled < len(buffer):
            content = self._read(len(buffer) - filled)
            if not content:
                break
            buffer[filled : filled + len(content)] = content
            filled += len(content)
        self._given += filled
        return filled

    def _read(self, size: int) -> bytes:
        try:
            return self._file.read(size)
        except (EOFError, BadGzipFile, zlib.error, zipfile.BadZipFile) as error:
            raise ContractError(
                f"{self._path} is cut off or damaged behind {self._given:,} unpacked bytes ({error}); fetch it again"
            ) from error


class Content(io.BufferedReader):
    """A file's unpacked bytes, of which the first HEAD can be looked at before they are read."""

    def __init__(self, path: Path, file: IO[bytes], is_packed: bool) -> None:
        super().__init__(_Filled(path, file), HEAD)
        self.is_packed = is_packed

    def head(self) -> bytes:
        """The next HEAD bytes, or fewer at the end; they stay to be read."""
        return self.peek(HEAD)[:HEAD]


@contextmanager
def unpacked(path: Path) -> Iterator[Content]:
    """The content from its first byte, of which HEAD can be peeked at; ContractError where it is of a strange kind."""
    try:
        with path.open("rb") as file, _layer(path, file, _LAYERS) as content:
            yield content
    except OSError as error:
        raise ContractError(f"{path} cannot be read ({error.strerror or error}); make it a readable file") from error


@contextmanager
def _layer(path: Path, file: IO[bytes], layers: int) -> Iterator[Content]:
    content = Content(path, file, is_packed=layers < _LAYERS)
    head = content.head()
    with ExitStack() as stack:
        if layers and head.startswith(GZIP):
            inner: IO[bytes] = cast(IO[bytes], stack.enter_context(GzipFile(fileobj=content)))
        elif layers and head.startswith(ZIP):
            archive = stack.enter_context(_spooled(content)) if content.is_packed else file
            inner = stack.enter_context(_member(path, stack.enter_context(_archive(path, archive))))
        else:
            refuse_strange(head, path)
            yield content
            return
        yield stack.enter_context(_layer(path, inner, layers - 1))


@contextmanager
def _spooled(content: Content) -> Iterator[IO[bytes]]:
    """An archive within another one as a file: its list of members stands at its end."""
    with TemporaryFile() as file:
        copyfileobj(content, file)
        yield file


def _archive(path: Path, file: IO[bytes]) -> zipfile.ZipFile:
    if not file.seekable():
        refuse(path, "a ZIP archive in a pipe", "give the archive as a file")
    try:
        return zipfile.ZipFile(file)
    except zipfile.BadZipFile as error:
        raise ContractError(f"{path} is a ZIP archive that is cut off or damaged ({error}); export it again") from error


def _member(path: Path, archive: zipfile.ZipFile) -> IO[bytes]:
    names = [member.filename for member in archive.infolist() if not member.is_dir()]
    _refuse_documents(path, names)
    members = [name for name in names if not _is_hidden(name)]
    if len(members) != 1:
        listed = ", ".join(members[:5]) + (", ..." if len(members) > 5 else "")
        what = f"a ZIP archive of {len(members)} files" + (f" ({listed})" if listed else "")
        refuse(path, what, "unpack it and import each file" if members else "pack it again")
    try:
        return archive.open(members[0])
    except (RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
        raise ContractError(f"{path}: {members[0]} cannot be unpacked ({error}); unpack it yourself") from error


def _refuse_documents(path: Path, names: list[str]) -> None:
    if "[Content_Types].xml" in names:
        folders = {name.split("/")[0] for name in names}
        what = next((what for folder, what in _OFFICE.items() if folder in folders), "an Office document")
        refuse(path, what, _SAVE_CSV)
    if "mimetype" in names and "content.xml" in names:
        refuse(path, "an OpenDocument file", _SAVE_CSV)


def _is_hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in name.split("/"))
