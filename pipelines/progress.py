"""Turn the log of a local run into progress lines: which step runs, what it says, how long it took.

Knows the words of kfp's local log and the `metier:` prefix of our steps, nothing of the steps themselves.
"""

import builtins
import io
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

_COLOUR = re.compile(r"\x1b\[\d+m")
_STARTED = re.compile(r"Executing task '([^']+)'")
_FINISHED = re.compile(r"Task '([^']+)' finished with status (\w+)")
_MESSAGE = re.compile(r"^\s*metier: (.*)")
_KILLED = re.compile(r"^\s*PipelineError: step '([^']+)' was (killed .*)")
_LOST = re.compile(r"Task \S+ failed with exception: (.*)")
"""How kfp says that it refused what a step of a loop gave back, whose own line has a tick by then."""
_ERROR = re.compile(r"^\s*(?:[\w.]*\.)?(\w+(?:Error|Estimate|Exception)): (.*)")


class RunLog(io.TextIOBase):
    """A text stream that keeps everything in a file and shows what a person wants to see."""

    def __init__(self, path: Path, show: Callable[[str], None]) -> None:
        self._file = path.open("w", encoding="utf-8")
        self._show = show
        self._started: dict[str, float] = {}
        self._killed: dict[str, str] = {}
        self._rest = ""
        self._error = ""
        self._lock = threading.Lock()

    def __enter__(self) -> "RunLog":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, text: str) -> int:
        """Keep `text`; show the progress in its complete lines."""
        with self._lock:
            self._file.write(_COLOUR.sub("", text))
            self._file.flush()
            *lines, self._rest = (self._rest + text).split("\n")
            for line in lines:
                self._read(_COLOUR.sub("", line))
        return len(text)

    def writable(self) -> bool:
        return True

    def failure(self) -> str:
        """The last error a step printed, or an empty string."""
        return self._error

    def _read(self, line: str) -> None:
        if started := _STARTED.search(line):
            self._started[started[1]] = time.monotonic()
            self._show(f"  ▸ {started[1]}")
        elif finished := _FINISHED.search(line):
            seconds = time.monotonic() - self._started.get(finished[1], time.monotonic())
            mark = "✓" if finished[2] == "SUCCESS" else "✗"
            reason = self._killed.pop(finished[1], "")
            self._show(f"  {mark} {finished[1]} ({seconds:.1f} s){': ' + reason if reason else ''}")
        elif message := _MESSAGE.match(line):
            self._show(f"      {message[1]}")
        elif error := _ERROR.match(line):
            self._error = f"{error[1]}: {error[2]}"
            if killed := _KILLED.match(line):
                self._killed[killed[1]] = killed[2]
        elif lost := _LOST.search(line):
            self._error = self._error or lost[1]


@contextmanager
def output_restored() -> Iterator[None]:
    """`print` and the root logger as they were, after the block.

    kfp replaces both while a step runs; of steps side by side, the last to end puts back what another one had replaced.
    """
    own_print, logger = builtins.print, logging.getLogger()
    level, handlers = logger.level, logger.handlers[:]
    try:
        yield
    finally:
        builtins.print = own_print
        logger.setLevel(level)
        logger.handlers[:] = handlers
