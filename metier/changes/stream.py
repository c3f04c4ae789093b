"""The change log as a stream of Valkey or Redis: replicas of many nodes append to it and follow it.

An entry's id is its change's sequence, so the server itself keeps their order; its one field holds the line that a
log in files would hold. An entry counts once the server's append-only file was synced. Knows no table.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from redis import Redis
from redis.exceptions import RedisError, ResponseError

from metier.changes.files import FileChangeLog
from metier.changes.log import Change, ChangeLog, sequence_of
from metier.errors import EventLogError, SettingsError
from metier.settings import Settings

STREAM, EDITION, LINE = "metier:changes", "metier:changes:edition", b"line"
TIMEOUT_SECONDS = 2.0
ATTEMPTS = 50
"""How often an append tries again after another process was faster."""
PAGE = 1_000


def open_change_log(settings: Settings) -> ChangeLog:
    """The stream of METIER_CHANGES_URL, or the files under METIER_HOME."""
    return StreamChangeLog(settings.changes_url) if settings.changes_url else FileChangeLog(settings.changes)


class StreamChangeLog:
    """The stream at `url`, redis://host:port/db; the server needs `appendonly yes`."""

    def __init__(self, url: str) -> None:
        try:
            self._server = Redis.from_url(
                url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS, health_check_interval=15
            )
        except ValueError as error:
            raise SettingsError(f"METIER_CHANGES_URL cannot be used ({error}); give redis://host:port/db") from error

    def append(self, table: str, row: Mapping[str, Any], now: datetime) -> Change:
        """See ChangeLog."""
        try:
            for _ in range(ATTEMPTS):
                change = Change.recorded(table, row, max(sequence_of(now), self.last() + 1))
                if self._added(change):
                    return change
        except RedisError as error:
            raise EventLogError(
                f"a change could not be written to the stream ({error}); start its server with `appendonly yes`, "
                "then send the change again"
            ) from error
        raise EventLogError("too many write to the stream of changes at once; send the change again in a second")

    def last(self) -> int:
        """The sequence of the newest change there ever was, 0 where there was none."""
        try:
            told: dict[str, Any] = self._server.xinfo_stream(STREAM)  # type: ignore[assignment]
        except ResponseError:  # no such key
            return 0
        return int(told["last-generated-id"].split(b"-")[0])

    def since(self, sequence: int, limit: int) -> list[Change]:
        """See ChangeLog."""
        try:
            entries: Any = self._server.xrange(STREAM, min=f"({sequence}-0", count=limit)
        except RedisError as error:
            raise EventLogError(f"the stream of changes cannot be read ({error}); start its server") from error
        changes = (Change.of_line(fields[LINE]) for _, fields in entries)
        return [change for change in changes if change is not None]

    def edition(self) -> str:
        """See ChangeLog."""
        try:
            told: Any = self._server.get(EDITION)
        except RedisError as error:
            raise EventLogError(f"the stream of changes cannot be read ({error}); start its server") from error
        return (told or b"").decode()

    def take_out(self, unwanted: Callable[[bytes], bool]) -> int:
        """Remove the entries whose line is unwanted; how many. Readers then begin anew."""
        removed, at = 0, 0
        while entries := self._page(at):
            at = int(entries[-1][0].split(b"-")[0])
            named = [name for name, fields in entries if unwanted(fields[LINE])]
            removed += len(named) and int(self._server.xdel(STREAM, *named))  # type: ignore[arg-type]
        if removed:
            self._server.incr(EDITION)
        return removed

    def prune(self, before: int) -> None:
        """Remove the entries whose sequence is below `before`."""
        self._server.xtrim(STREAM, minid=f"{before}-0", approximate=False)

    def _page(self, after: int) -> Any:
        return self._server.xrange(STREAM, min=f"({after}-0", count=PAGE)

    def _added(self, change: Change) -> bool:
        """False where another process has added a later one meanwhile."""
        try:
            self._server.xadd(STREAM, {LINE: change.line()}, id=f"{change.sequence}-0")
        except ResponseError as error:
            if "equal or smaller" in str(error):
                return False
            raise
        synced: Any = self._server.execute_command(  # type: ignore[no-untyped-call]
            "WAITAOF", 1, 0, round(1e3 * TIMEOUT_SECONDS / 2)
        )
        if synced[0] < 1:
            raise ResponseError("its append-only file was not synced in time")
        return True
