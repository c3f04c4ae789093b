"""The change log as a stream of Valkey or Redis: replicas of many nodes append to it and follow it.

An entry's id is its change's sequence, so the server itself keeps their order; it holds the line that a log in files
would hold, and the token of the append that wrote it. An append is acknowledged once the server's append-only file was
synced. One that is refused is taken back under its token, and its id is used up, so that a command which is still on
its way to the server adds nothing any more. With `appendfsync everysec`, and so with Valkey's default, the server
confirms what a loss of power within a second can still take; with `always` it cannot. Knows no table.
"""

import logging
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from metier.changes.log import Change, sequence_of
from metier.errors import EventLogError, SettingsError

LOG = logging.getLogger(__name__)
STREAM, EDITION, LINE, TOKEN = "metier:changes", "metier:changes:edition", b"line", b"token"
TIMEOUT_SECONDS = 2.0
SYNC_SECONDS = 1.0
"""How long an append waits for the append-only file."""
RETRIES = 1
"""A connection that the server has closed meanwhile is opened again; a server that is down is no longer waited for."""
ATTEMPTS = 50
"""How often an append tries again after another process was faster."""
PAGE = 1_000
ADD = """
for i = 2, #ARGV, 2 do
  local added = redis.pcall('XADD', KEYS[1], ARGV[i], 'line', ARGV[i + 1], 'token', ARGV[1])
  if added.err then return added end
end
"""
"""Add entries (id, line, ...) of a token, all or, where the first id is not behind the last one, none."""
TAKE_BACK = """
local entry = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1]
if entry then
  local fields = entry[2]
  for i = 1, #fields, 2 do
    if fields[i] == 'token' and fields[i + 1] == ARGV[2] then
      redis.call('XDEL', KEYS[1], ARGV[1])
      redis.call('INCR', KEYS[2])
    end
  end
elseif type(redis.pcall('XADD', KEYS[1], ARGV[1], 'token', ARGV[2])) == 'string' then
  redis.call('XDEL', KEYS[1], ARGV[1])
end
"""
"""Remove the entry of an id if a token wrote it, and tell readers; where there is none, see to it that none comes."""


class StreamChangeLog:
    """The stream at `url`, redis://host:port/db; the server needs `appendonly yes`."""

    def __init__(self, url: str, *, sync_seconds: float = SYNC_SECONDS) -> None:
        try:
            self._server = Redis.from_url(
                url,
                socket_timeout=TIMEOUT_SECONDS,
                socket_connect_timeout=TIMEOUT_SECONDS,
                health_check_interval=15,
                retry=Retry(NoBackoff(), RETRIES),
            )
        except ValueError as error:
            raise SettingsError(f"METIER_CHANGES_URL cannot be used ({error}); give redis://host:port/db") from error
        self._sync_ms = max(1, round(1e3 * sync_seconds))
        self._read = (0, "0-0")
        """The sequence up to which changes were read, and the entry behind which the next ones are."""
        self._reported: set[bytes] = set()
        """Entries that hold no change and were warned of."""
        self._refused: dict[int, str] = {}
        """Token by sequence of what may be in the stream and must not."""
        self._taking_back = threading.Lock()

    def append(self, table: str, row: Mapping[str, Any], now: datetime) -> Change:
        """See ChangeLog and `extend`."""
        return self.extend(table, [row], now)[0]

    def extend(self, table: str, rows: Sequence[Mapping[str, Any]], now: datetime) -> list[Change]:
        """See ChangeLog. No reader that begins after a refusal gets a change of it.

        Where the server does not answer, that is so once it answers this process again: until then, and for good if
        this process ends before, a change that the server received can be read by others. A server that crashes with
        the write on disk but not yet its removal brings a refused entry back. Sent again, the change is a newer
        version, which then counts.
        """
        token, attempted = secrets.token_hex(8), dict[int, str]()
        try:
            self._require_append_only_file()
            for _ in range(ATTEMPTS):
                first = max(sequence_of(now), self.last() + 1)
                changes = [Change.recorded(table, row, first + number) for number, row in enumerate(rows)]
                sequences = [change.sequence for change in changes]
                attempted |= dict.fromkeys(sequences, token)
                if self._added(changes, token):
                    for sequence in sequences:
                        del attempted[sequence]
                    self._take_back(attempted)  # added unheard, where the server's answer was lost
                    return changes
        except RedisError as error:
            self._take_back(attempted)
            raise EventLogError(
                f"a change could not be written to the stream ({error}); start its server with `appendonly yes`, "
                "then send the change again"
            ) from error
        self._take_back(attempted)
        raise EventLogError("too many write to the stream of changes at once; send the change again in a second")

    def last(self) -> int:
        """The sequence of the newest change there ever was, 0 where there was none."""
        try:
            stream: dict[str, Any] = self._server.xinfo_stream(STREAM)  # type: ignore[assignment]
        except ResponseError:  # no such key
            return 0
        return int(stream["last-generated-id"].split(b"-")[0])

    def since(self, sequence: int, limit: int) -> list[Change]:
        """See ChangeLog."""
        self._take_back({})
        after = self._read[1] if self._read[0] == sequence else f"{sequence}-0"
        changes: list[Change] = []
        try:
            while len(changes) < limit and (entries := self._page(after, limit - len(changes))):
                after = entries[-1][0].decode()
                changes += [change for entry in entries if (change := self._change_of(*entry)) is not None]
        except RedisError as error:
            raise EventLogError(f"the stream of changes cannot be read ({error}); start its server") from error
        self._read = (changes[-1].sequence if changes else sequence, after)
        return changes

    def edition(self) -> str:
        """See ChangeLog."""
        try:
            edition: Any = self._server.get(EDITION)
        except RedisError as error:
            raise EventLogError(f"the stream of changes cannot be read ({error}); start its server") from error
        return (edition or b"").decode()

    def take_out(self, unwanted: Callable[[bytes], bool]) -> int:
        """Remove the entries whose line is unwanted; how many. Readers then begin anew."""
        removed, after = 0, "0-0"
        while entries := self._page(after, PAGE):
            after = entries[-1][0].decode()
            named = [name for name, fields in entries if unwanted(fields.get(LINE, b""))]
            removed += len(named) and int(self._server.xdel(STREAM, *named))  # type: ignore[arg-type]
        if removed:
            self._server.incr(EDITION)
        return removed

    def prune(self, before: int) -> None:
        """Remove the entries whose sequence is below `before`."""
        self._server.xtrim(STREAM, minid=f"{before}-0", approximate=False)

    def _page(self, after: str, count: int) -> Any:
        return self._server.xrange(STREAM, min=f"({after}", count=count)

    def _change_of(self, name: bytes, fields: Mapping[bytes, bytes]) -> Change | None:
        """The change of an entry; None where it holds none, or a refused one that could not be taken back yet."""
        change = Change.of_line(fields.get(LINE, b""))
        if change is None or name != b"%d-0" % change.sequence:
            if name not in self._reported:
                self._reported.add(name)
                LOG.warning("entry %s of the stream holds no change and is passed over", name)
            return None
        token = self._refused.get(change.sequence)
        return None if token is not None and fields.get(TOKEN) == token.encode() else change

    def _require_append_only_file(self) -> None:
        """ResponseError where the server keeps none: nothing that is added there is ever synced."""
        persistence: Any = self._server.info("persistence")
        if not persistence.get("aof_enabled"):
            raise ResponseError("it keeps no append-only file")

    def _take_back(self, refused: Mapping[int, str]) -> None:
        """Take these and all that could not be taken back before out of the stream, if the server answers."""
        if not (refused or self._refused):
            return
        with self._taking_back, suppress(RedisError):
            self._refused |= refused
            for sequence, token in list(self._refused.items()):
                self._server.eval(TAKE_BACK, 2, STREAM, EDITION, f"{sequence}-0", token)
                del self._refused[sequence]

    def _added(self, changes: Sequence[Change], token: str) -> bool:
        """False where another process has added a later one meanwhile.

        Both commands go over one connection: WAITAOF waits for what its own connection wrote.
        """
        commands = self._server.pipeline(transaction=False)
        entries = [word for change in changes for word in (f"{change.sequence}-0", change.line())]
        commands.eval(ADD, 1, STREAM, token, *entries)
        commands.execute_command("WAITAOF", 1, 0, self._sync_ms)  # type: ignore[no-untyped-call]
        added, synced = commands.execute(raise_on_error=False)
        if isinstance(added, ResponseError) and "equal or smaller" in str(added):
            return False
        for reply in (added, synced):
            if isinstance(reply, RedisError):
                raise reply
        if synced[0] < 1:
            raise ResponseError("its append-only file was not synced in time")
        return True
