"""The actor of a request: one row of stored features of the online store, as rankers and retrieval take it.

An unknown actor or job is the caller's error; a store or an encoder that fails costs what needs it, and is
named in the trace. Knows no candidate.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from components.retrieval.questions import Question, Worded, worded
from feature_repo.hydrate import ReadRow, query_row
from feature_repo.inputs.asked import ReadText
from feature_repo.inputs.encoded import QueryColumns
from feature_repo.online.kept import Kept
from feature_repo.texts import Encoder, TextVectors
from feature_repo.texts.weighing import DIMENSIONS
from metier.contract import Surface
from metier.errors import NotFoundError, ServingError, SuspendedError
from metier.surfaces import surface_spec
from serving.request.ranking import RankingRequest
from serving.request.trace import RequestTrace

LOG = logging.getLogger(__name__)

Floats = npt.NDArray[np.float32]
MOST_KNOWN = 200
"""Actors whose encodings are kept, some 20 kB each."""
OF_REQUEST: Mapping[str, Any] = {"text": None, "context": None, "event_timestamp": None}
"""Of a row what a request brings beside its actor and its job."""


class TypedTexts(Protocol):
    """What stands for a typed text: a bundle, or what stands for it."""

    @property
    def encoder(self) -> Encoder:
        """Gives its vector."""
        ...

    @property
    def reader(self) -> ReadText | None:
        """Says what it asks for; None where no ranker reads that."""
        ...


@dataclass(frozen=True)
class Actor:
    """One row of stored features, its encoding and the question for retrieval.

    None where a store failed, and for the question where there is nothing to ask by.
    """

    row: Mapping[str, Any]
    """Of the request and, by full name, stored features."""
    columns: QueryColumns | None
    question: Question | None

    @property
    def has_typed(self) -> bool:
        """Whether the request has a text."""
        typed = self.row["text"]
        return bool(typed and typed.strip())

    def category(self, view: str) -> str | None:
        """Category of the actor's own profile, or of the job asked for."""
        return self.row.get(f"{view}__category")


class Encodings:
    """Actors as they were encoded for the requests before, by `vectors` of texts. Safe to share between threads.

    One is encoded anew once anything differs that is stored of it.
    """

    def __init__(self, vectors: TextVectors) -> None:
        self._vectors = vectors
        self._known: Kept[tuple[QueryColumns, Worded]] = Kept(MOST_KNOWN)

    def of(self, surface: Surface, features: Mapping[str, Any]) -> tuple[QueryColumns, Question]:
        """The columns of an actor and what retrieval is asked with, both without what a request types."""
        asked, stored = (surface, features["actor_id"], features["job_id"]), {**features, **OF_REQUEST}
        columns, found = self._known.get(asked, stored, lambda: self._encoded(surface, stored))
        return columns, found.asked(self._vectors)

    def _encoded(self, surface: Surface, stored: Mapping[str, Any]) -> tuple[QueryColumns, Worded]:
        return QueryColumns.encode(surface, stored, self._vectors), worded(surface, stored, self._vectors)


def hydrate_actor(
    request: RankingRequest,
    trace: RequestTrace,
    now: datetime,
    read: ReadRow,
    texts: TypedTexts,
    encodings: Encodings,
) -> Actor:
    """The actor of a request; NotFoundError where it, or the job of the request, is unknown; SuspendedError.

    A client is known by its job too. A visitor has no features, as a new client or freelancer has few.
    """
    row = request_row(request, now)
    try:
        features = query_row(request.surface, row, read)
    except Exception as error:  # the store is down: what needs it is left out, the request goes on
        LOG.warning("the online store failed", exc_info=True)
        if not surface_spec(request.surface).retrieves:
            raise ServingError("whose job this is cannot be checked now; request again in a second") from error
        trace.degrade("actor features", f"the online store failed ({type(error).__name__})")
        typed = _typed(request, trace, texts.encoder)
        return Actor(row, None, None if typed is None else Question(request.text or "", typed, None))
    _require_existing(request, features)
    columns, asked = encodings.of(request.surface, features)
    typed, embeddings = _typed(request, trace, texts.encoder), None
    if typed is not None:
        asked = Question(request.text or "", typed, None)
        embeddings = dict(zip([request.text or ""], typed, strict=False))
    columns = columns.asking(features, embeddings, _reader(request, trace, texts))
    return Actor(features, columns, asked if asked.text else None)


def request_row(request: RankingRequest, now: datetime) -> dict[str, Any]:
    """The one row that stored features are joined to."""
    return {
        "actor_id": request.actor_id,
        "job_id": request.job_id,
        "text": request.text,
        "context": json.dumps(dict(request.reading)),
        "event_timestamp": now,
    }


def _typed(request: RankingRequest, trace: RequestTrace, encoder: Encoder) -> Floats | None:
    """Vector (1, dimension) of the typed text, (0, dimension) where the encoder failed; None for no text."""
    if not (request.text and request.text.strip()):
        return None
    try:
        return encoder.encode_queries([request.text])
    except Exception as error:  # words still find and rank
        LOG.warning("the encoder failed", exc_info=True)
        trace.degrade("text vector", f"the encoder failed ({type(error).__name__})")
        return np.empty((0, DIMENSIONS), np.float32)


def _reader(request: RankingRequest, trace: RequestTrace, texts: TypedTexts) -> ReadText | None:
    """Who says what the text asks for; None where that failed."""
    if texts.reader is None or not request.text:
        return None
    try:
        texts.reader(request.text, tuple(request.unread))
    except Exception as error:  # the text is searched for and ranked as it stands
        LOG.warning("a text could not be read", exc_info=True)
        trace.degrade("what the text asks for", f"could not be read ({type(error).__name__})")
        return None
    return texts.reader


def _put(entity: str) -> str:
    return f"PUT /v1/{entity}s/{{{entity}_id}}"


def require_active(side: str, actor_id: str, status: str | None) -> None:
    """SuspendedError for a suspended actor."""
    if status == "suspended":
        raise SuspendedError(
            f"{side} {actor_id!r} is suspended and is shown nothing; {_put(side)} with another status lifts that"
        )


def _require_existing(request: RankingRequest, features: Mapping[str, Any]) -> None:
    spec = surface_spec(request.surface)
    status = features[f"{spec.side}_profile__status"]
    require_active(spec.side, request.actor_id, status)
    asks_by_job = not spec.shows_jobs and request.job_id is not None
    owner = features["job_profile__client_id"] if asks_by_job else None
    is_known = status is not None or request.actor_id in ("", owner)
    if not is_known:
        raise NotFoundError(f"unknown {spec.side} {request.actor_id!r}; import it, or {_put(spec.side)} first")
    if not asks_by_job:
        return
    if features["job_profile__status"] is None:
        raise NotFoundError(f"unknown job {request.job_id!r}; import it, or {_put('job')} first")
    if not spec.retrieves and owner not in (None, request.actor_id):
        raise NotFoundError(f"job {request.job_id!r} is not a job of client {request.actor_id!r}; name its own client")
