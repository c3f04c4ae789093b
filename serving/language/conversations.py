"""Conversations that outlive a replica: files under METIER_HOME, or the online store's server where one is shared.

One actor's alone: for anybody else a conversation does not exist. Bounded in number, size and age. Knows no planner.
"""

import logging
import re
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Protocol

from components.language.assistant.arguments import Searching
from components.language.assistant.conversation import Conversation
from metier.durable import write_whole
from metier.errors import NotFoundError, ServingError
from metier.settings import Settings
from metier.stored import as_json, from_json

LOG = logging.getLogger(__name__)
MOST_FILES = 10_000
MOST_BYTES = 200_000
"""Of one conversation; a shortlist takes some 20,000."""
SWEEP_SECONDS = 60.0
_ID = re.compile(r"[0-9a-f]{32}")


class Kept(Protocol):
    """Where conversations are kept as texts, by id."""

    def read(self, name: str) -> bytes | None:
        """None where there is none, or it is too old."""

    def write(self, name: str, text: str) -> None:
        """Keep it from now on for as long as one is kept."""

    def take_out(self, unwanted: Callable[[bytes], bool]) -> int:
        """Remove those whose text is unwanted; how many they were."""


class Conversations:
    """Those of one endpoint. ServingError where they cannot be kept."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def begun(self, actor_id: str, surface: Searching, now: datetime) -> Conversation:
        """A new one, which is kept once it has a turn."""
        return Conversation(uuid.uuid4().hex, actor_id, surface, now)

    def of(self, name: str, actor_id: str) -> Conversation:
        """The conversation of that id; NotFoundError where there is none of this actor."""
        text = self._kept.read(name) if _ID.fullmatch(name) else None
        conversation = None if text is None else _read(text)
        if conversation is None or conversation.actor_id != actor_id:
            raise NotFoundError("there is no such conversation, or no more; leave out conversation_id to begin one")
        return conversation

    def keep(self, conversation: Conversation) -> None:
        """Keep it as it is now."""
        text = as_json(conversation)
        if len(text.encode()) > MOST_BYTES:
            raise ServingError(f"the conversation is over {MOST_BYTES:,} bytes; begin another one")
        self._kept.write(conversation.id, text)


class ConversationFiles:
    """A file each, replaced whole; files that are older than `ttl_seconds` are gone, swept by whoever writes."""

    def __init__(self, folder: Path, ttl_seconds: float) -> None:
        self._folder = folder
        self._ttl = ttl_seconds
        self._swept = float("-inf")

    def read(self, name: str) -> bytes | None:
        """None where there is none, or it is too old."""
        path = self._folder / f"{name}.json"
        try:
            is_old = path.stat().st_mtime < time.time() - self._ttl
            return None if is_old else path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ServingError(f"conversations cannot be read ({error.strerror}); see METIER_HOME") from error

    def write(self, name: str, text: str) -> None:
        """Keep it, and remove what is too old or too many, once a minute."""
        try:
            write_whole(self._folder / f"{name}.json", text)
            if time.monotonic() - self._swept > SWEEP_SECONDS:
                self._swept = time.monotonic()
                self._sweep()
        except OSError as error:
            raise ServingError(f"conversations cannot be written ({error.strerror}); see METIER_HOME") from error

    def take_out(self, unwanted: Callable[[bytes], bool]) -> int:
        """Remove those whose text is unwanted; how many they were."""
        removed = 0
        for _, path in self._ages():
            with suppress(FileNotFoundError):  # a replica swept it
                if unwanted(path.read_bytes()):
                    path.unlink()
                    removed += 1
        return removed

    def expired(self) -> list[Path]:
        """Those that are too old."""
        limit = time.time() - self._ttl
        return [path for written, path in self._ages() if written < limit]

    def _sweep(self) -> None:
        for path in self.expired():
            path.unlink(missing_ok=True)
        for _, path in sorted(self._ages(), reverse=True)[MOST_FILES:]:
            path.unlink(missing_ok=True)

    def _ages(self) -> Iterator[tuple[float, Path]]:
        for path in self._folder.glob("*.json"):
            try:
                yield path.stat().st_mtime, path
            except FileNotFoundError:  # another replica swept it
                continue


def open_conversations(settings: Settings) -> Conversations:
    """Those of this home, or of the server of METIER_ONLINE_STORE_URL."""
    return Conversations(_server(settings) if settings.online_store_url else _files(settings))


def forget_conversations(settings: Settings, unwanted: Callable[[bytes], bool]) -> int:
    """Remove those whose text is unwanted, of the home and of the server; how many they were."""
    removed = _files(settings).take_out(unwanted)
    if settings.online_store_url:
        removed += _server(settings).take_out(unwanted)
    return removed


def expire_conversations(settings: Settings, *, apply: bool) -> int:
    """Count, and with `apply` remove, the files that are too old; a server expires its own."""
    expired = _files(settings).expired()
    for path in expired if apply else ():
        path.unlink(missing_ok=True)
    return len(expired)


def _files(settings: Settings) -> ConversationFiles:
    return ConversationFiles(settings.conversations, _ttl_seconds(settings))


def _server(settings: Settings) -> Kept:
    """The client of the server is imported where there is one."""
    from serving.language.conversation_server import ConversationServer

    return ConversationServer(settings.online_store_url, _ttl_seconds(settings))


def _ttl_seconds(settings: Settings) -> float:
    return settings.conversation_hours * 3600


def _read(text: bytes) -> Conversation | None:
    """None where an earlier version of metier wrote it otherwise."""
    try:
        return from_json(Conversation, text)
    except ValueError:
        LOG.warning("a conversation could not be read, and begins anew", exc_info=True)
        return None
