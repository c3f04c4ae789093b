"""One JSON line for each request that failed, was refused or slow, or did without something; none for the others.

Without what was asked and who asked: what an error quotes is left out, and the rest is masked as all logs are. A file
a replica, bounded and kept for a while. Knows no stage by name.
"""

import json
import logging
import os
import re
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from serving.access.limits import Bucket
from serving.telemetry.answered import Answered

PER_SECOND = 50
"""Lines that a replica writes at most; the next one says how many were left out."""
FILE_BYTES = 16 << 20
"""Of a file; each replica keeps the one before it too."""
KEPT_SECONDS = 14 * 86_400.0
_QUOTED = re.compile(r"""'[^'\n]*'|"[^"\n]*\"""")


class RequestLines:
    """The lines of one replica in `folder`; `masked` takes personal data and secrets out of a text."""

    def __init__(self, folder: Path, masked: Callable[[str], str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_old(folder)
        started = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        path = folder / f"requests-{started}-{os.getpid()}.jsonl"
        self._file = RotatingFileHandler(path, maxBytes=FILE_BYTES, backupCount=1, encoding="utf-8", delay=True)
        self._masked = masked
        self._bucket = Bucket(PER_SECOND)
        self._left_out = 0

    def write(self, answered: Answered, of_note: list[str], trace_id: str | None) -> None:
        """Write a line, unless there were too many just now."""
        if self._bucket.take(time.monotonic()):
            self._left_out += 1
            return
        fields = self._fields(answered, of_note) | {"trace_id": trace_id, "left_out": self._left_out or None}
        told = {name: value for name, value in fields.items() if value is not None}
        line = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
        self._file.handle(logging.LogRecord(__name__, logging.INFO, "", 0, line, None, None))
        self._left_out = 0

    def close(self) -> None:
        """Let the file go."""
        self._file.close()

    def _fields(self, answered: Answered, of_note: list[str]) -> dict[str, Any]:
        trace, error = answered.trace, answered.error
        fields: dict[str, Any] = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "request_id": self._masked(answered.arrival.request_id),
            "method": answered.method,
            "route": answered.route,
            "status": answered.status,
            "ms": round(1e3 * answered.seconds, 2),
            "of_note": of_note,
            "said": self._plain(answered.said) or None,
        }
        if error is not None:
            fields["traceback"] = self._plain("".join(traceback.format_exception(error)))
        if trace is not None:
            fields |= {
                "deadline_ms": trace.deadline_ms,
                "surface": trace.surface or None,
                "tier": trace.tier or None,
                "candidates": trace.candidates or None,
                "degraded": [self._plain(note) for note in trace.degraded],
                "timings_ms": {stage: round(ms, 2) for stage, ms in trace.timings_ms.items()},
                "cpu_ms": round(trace.cpu_ms, 2),
            }
        return fields

    def _plain(self, text: str) -> str:
        """The text without what it quotes, which may be a caller's."""
        return self._masked(_QUOTED.sub("'...'", text))


def _remove_old(folder: Path) -> None:
    for path in folder.glob("requests-*.jsonl*"):
        with suppress(FileNotFoundError):  # another replica was first
            if time.time() - path.stat().st_mtime > KEPT_SECONDS:
                path.unlink()
