"""The change log in the replica: followed in a thread of its own, and served as candidates of every surface.

A surface begins with a release and all that changed since; from then on each change reaches it as the log is read, and
candidates are swapped whole. Knows when the log was last read to its end; knows no ranker and no HTTP.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
from cachetools import LRUCache

from components.language.taxonomy import Taxonomy
from feature_repo.hydrate import Read
from feature_repo.texts import Encoder
from metier.changes import Change, ChangeLog
from metier.contract import Surface
from serving.candidates.changed import ChangedCandidates
from serving.candidates.clients import ChangedClients
from serving.candidates.snapshot import ReleaseSnapshot
from serving.candidates.space import CandidateSpace

LOG = logging.getLogger(__name__)
EVERY_SECONDS = 0.2
PAGE = 1_000
LONGEST_SECONDS = 3_600.0
CLOSE_SECONDS = 10.0
MOST_EMBEDDED = 4_096

Serve = Callable[[Surface, CandidateSpace], None]


@dataclass(frozen=True)
class _Followed:
    """A surface with its release and what changed since."""

    base: ReleaseSnapshot
    encoder: Encoder
    changed: ChangedCandidates


class ChangeFollower:
    """`serve` is handed new candidates, `read` answers with what the online store holds; close() ends the thread.

    Skills of texts are those of the taxonomy, by default the shipped one.
    """

    def __init__(self, log: ChangeLog, read: Read, serve: Serve, taxonomy: Taxonomy | None = None) -> None:
        self._taxonomy = taxonomy
        self.sequence = 0
        """The newest change that is served on every surface."""
        self.clients = ChangedClients()
        """Clients as of that change."""
        self.failure: str | None = None
        """Why the log could not be read the last time."""
        self._log = log
        self._read = read
        self._serve = serve
        self._embeddings = _Embeddings()
        self._followed: dict[Surface, _Followed] = {}
        self._edition: str | None = None
        self._read_to_end_at = time.monotonic()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="changes", daemon=True)

    @property
    def behind_seconds(self) -> float:
        """Since the log was last read to its end."""
        return time.monotonic() - self._read_to_end_at

    def begin(self, surface: Surface, base: ReleaseSnapshot, encoder: Encoder) -> None:
        """Serve a release of the surface and what changed since, instead of what was served."""
        with self._lock:
            self._begin(surface, base, encoder)

    def start(self) -> None:
        """Read the log to its end, and follow it from then on."""
        self.catch_up(LONGEST_SECONDS)
        self._thread.start()

    def catch_up(self, seconds: float) -> bool:
        """Whether the log was read to its end within `seconds`; what was read is served."""
        deadline = time.monotonic() + seconds
        if not self._lock.acquire(timeout=max(seconds, 0.0)):
            return False
        try:
            return self._catch_up(deadline)
        except Exception as error:  # whatever it is, what was read before is served on
            if self.failure is None:
                LOG.exception("the change log could not be read")
            self.failure = f"failed ({type(error).__name__})"
            return False
        finally:
            self._lock.release()

    def close(self) -> None:
        """End the thread."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(CLOSE_SECONDS)

    def _follow(self) -> None:
        pause = EVERY_SECONDS
        while not self._ended.wait(pause):
            begun = time.monotonic()
            self.catch_up(LONGEST_SECONDS)
            pause = max(EVERY_SECONDS, time.monotonic() - begun)

    def _catch_up(self, deadline: float) -> bool:
        edition, at = self._log.edition(), self.sequence
        if self._edition != edition:
            self._begin_anew()
        ended = False
        while not ended and time.monotonic() < deadline:
            if page := self._log.since(at, PAGE):
                self._edition = None  # until it is served
                self.clients.take(page)
                self._take(list(self._followed.values()), page)
                at = page[-1].sequence
            ended = len(page) < PAGE
        if at != self.sequence:
            for surface, followed in self._followed.items():
                self._serve(surface, followed.changed.candidates(at, self.clients.statuses()))
            self.sequence = at
        self._edition = edition
        if ended:
            self._read_to_end_at, self.failure = time.monotonic(), None
        return ended

    def _begin_anew(self) -> None:
        """Changes were taken out of the log, or could not be served: forget those that were read."""
        if not (self.sequence or self.failure):
            return
        self.clients.forget()
        for page in self._served_pages():
            self.clients.take(page)
        for surface, followed in list(self._followed.items()):
            self._begin(surface, followed.base, followed.encoder)

    def _begin(self, surface: Surface, base: ReleaseSnapshot, encoder: Encoder) -> None:
        followed = _Followed(base, encoder, ChangedCandidates(base, self._read, self._taxonomy))
        for page in self._served_pages():
            self._take([followed], page)
        self._serve(surface, followed.changed.candidates(self.sequence, self.clients.statuses()))
        self._followed[surface] = followed

    def _served_pages(self) -> Iterator[list[Change]]:
        """What the other surfaces serve already."""
        at, until = 0, self.sequence
        while at < until:
            page = [change for change in self._log.since(at, PAGE) if change.sequence <= until]
            if not page:
                return
            yield page
            at = page[-1].sequence

    def _take(self, surfaces: Sequence[_Followed], page: Sequence[Change]) -> None:
        candidates = [change for change in page if change.table != "clients"]
        for surface in surfaces if candidates else ():
            surface.changed.take(candidates, partial(self._embeddings, surface.encoder))


class _Embeddings:
    """Vectors of the texts that were encoded last: surfaces that share an encoder encode a text once."""

    def __init__(self) -> None:
        self._vectors: LRUCache[tuple[str, str], npt.NDArray[np.float32]] = LRUCache(MOST_EMBEDDED)

    def __call__(self, encoder: Encoder, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        cached = ((text, self._vectors.get((encoder.hash, text))) for text in dict.fromkeys(texts))
        vectors = {text: vector for text, vector in cached if vector is not None}
        missing = [text for text in dict.fromkeys(texts) if text not in vectors]
        for text, vector in zip(missing, encoder.encode_cards(missing), strict=True):
            self._vectors[encoder.hash, text] = vectors[text] = vector
        return np.stack([vectors[text] for text in texts])
