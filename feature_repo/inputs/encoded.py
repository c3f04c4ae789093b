"""Queries and candidates encoded once, so that any pairs of them can be compared by gathering rows.

Reads stored features in their full names; an absent column is unknown everywhere. Computes nothing of a pair.
"""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import scipy.sparse as sp

from feature_repo.inputs.asked import Ask, ReadText
from feature_repo.inputs.columns import (
    Codes,
    Doubles,
    Flags,
    Floats,
    Headlines,
    Lists,
    Rows,
    codes,
    headlines_of,
    lists,
    numbers,
    seconds,
    strings,
    text_rows,
)
from feature_repo.inputs.covisits import Covisits
from feature_repo.inputs.parties import JOB, PERSON, Party, jobs, people
from feature_repo.inputs.reading import unread_parts
from feature_repo.inputs.stored_features import CANDIDATE_STORED, QUERY_STORED, Stored, rescaled
from feature_repo.texts import TextVectors
from feature_repo.texts.text import headline, text_key
from feature_repo.texts.weighing import on_grid
from feature_repo.views import HISTORY_MARKS, LONGEST, RECENT
from metier.contract import SURFACES, Surface
from metier.surfaces import surface_spec


def history_view(surface: Surface) -> str:
    """Feature view of the candidates that a surface's actor turned to before."""
    return f"{surface_spec(surface).side}_history"


def _marks(surface: Surface) -> dict[str, tuple[str, str]]:
    marks = HISTORY_MARKS[history_view(surface)].items()
    return {mark: (feature, RECENT[mark]) for mark, feature in marks if mark != "text_key"}


MARKS: dict[Surface, dict[str, tuple[str, str]]] = {name: _marks(name) for name in SURFACES}
"""What a candidate is compared by with the actor's past ones: name -> (profile column, history column)."""


@dataclass(frozen=True)
class CandidateColumns:
    """Candidates of one surface, one a row."""

    surface: Surface
    vectors: TextVectors
    party: Party
    text_row: Codes
    headlines: Headlines
    identity: Codes
    marks: dict[str, Codes]
    since: Doubles
    """Seconds since 1970 at which the job was posted or the freelancer joined."""
    application_age_hours: Doubles
    application_order: Doubles
    """Columns of the request, where a client reviews applicants."""
    stored: Floats
    covisits: Covisits
    """Which candidates of the surface the same actors turned to."""

    @classmethod
    def encode(
        cls, surface: Surface, table: pa.Table, vectors: TextVectors, covisits: Covisits | None = None
    ) -> "CandidateColumns":
        """Columns of a table of stored candidate features (and of applications, where known)."""
        spec = surface_spec(surface)
        prefix, party, since = (JOB, jobs, "posted_at") if spec.shows_jobs else (PERSON, people, "joined_at")
        rows = text_rows(table, f"{prefix}text_key", vectors)
        return cls(
            surface=surface,
            vectors=vectors,
            party=party(table),
            text_row=rows,
            headlines=headlines_of(table, prefix, vectors),
            identity=codes(table, spec.key if spec.key in table.column_names else "candidate_id"),
            marks={name: codes(table, f"{prefix}{column}") for name, (column, _) in MARKS[surface].items()},
            since=seconds(table, f"{prefix}{since}"),
            application_age_hours=numbers(table, "application_age_hours"),
            application_order=numbers(table, "application_order"),
            stored=_stored(CANDIDATE_STORED[surface], table, vectors, rows),
            covisits=covisits or Covisits.none(),
        )


@dataclass(frozen=True)
class Past:
    """Past candidates of each query's actor, newest first, (queries, 20) each; code 0 or row -1 where there is none."""

    text_row: Codes
    headlines: Headlines
    """Headlines whose row is (queries, 20)."""
    identity: Codes
    marks: dict[str, Codes]
    length: Codes
    moments: Doubles
    """Seconds since 1970 of the newest interaction with each, (queries, 20); NaN where there is none."""
    count: Doubles

    @classmethod
    def encode(cls, surface: Surface, table: Rows, vectors: TextVectors) -> "Past":
        """Past candidates of a table with the actor's history view."""
        prefix = f"{history_view(surface)}__"
        ids = lists(table, f"{prefix}recent_ids")
        keys = lists(table, f"{prefix}recent_text_keys")
        marks = {name: lists(table, f"{prefix}{column}") for name, (_, column) in MARKS[surface].items()}
        row = keys.padded(keys.strings().rows(vectors), LONGEST, -1)
        stamps = lists(table, f"{prefix}recent_timestamps", pa.int64())
        length = np.minimum(ids.lengths, LONGEST)
        return cls(
            text_row=row,
            headlines=_past_headlines(table, prefix, row, marks, vectors),
            identity=ids.padded(ids.codes(), LONGEST, 0),
            marks={name: values.padded(values.codes(), LONGEST, 0) for name, values in marks.items()},
            length=length,
            moments=stamps.padded(stamps.numbers(), LONGEST, np.nan),
            count=numbers(table, f"{prefix}interaction_count"),
        )


@dataclass(frozen=True)
class Requests:
    """Typed texts: `row` (queries,) points at the dense and lexical rows, whose last is empty: nothing typed."""

    row: Codes
    dense: Floats
    has_vector: Flags
    lexical: sp.csr_array
    headlines: sp.csr_array
    """Weighed as headlines are, to be held against those of candidates."""
    asks: tuple[Ask, ...]
    """What each text asks for; none where nobody read them."""

    @property
    def is_typed(self) -> Flags:
        """(queries,) whether there is a text."""
        typed: Flags = self.row < self.lexical.shape[0] - 1
        return typed

    @classmethod
    def encode(
        cls, table: Rows, vectors: TextVectors, embeddings: dict[str, Floats] | None, read: ReadText | None
    ) -> "Requests":
        """Texts of column `text`; a vector comes from `embeddings` (by text) or, by text_key, from `vectors`.

        Column `context` says which parts of a text's plan the query is ranked without.
        """
        row_of: dict[tuple[str, tuple[str, ...]], int] = {}
        keys = [
            (text, unread_parts(context)) if text and text.strip() else None
            for text, context in zip(strings(table, "text"), strings(table, "context"), strict=True)
        ]
        row = np.array([row_of.setdefault(key, len(row_of)) if key else -1 for key in keys], np.int64)
        row[row < 0] = len(row_of)
        texts = [text for text, _ in row_of]
        stored = vectors.rows([text_key(text) for text in texts] + [None])
        dense, has_vector = vectors.dense_at(stored), stored >= 0
        for number, text in enumerate(texts):
            if embeddings and text in embeddings:
                dense[number], has_vector[number] = on_grid(embeddings[text])[0], True
        lexical, headlines = (weigh([*texts, ""]) for weigh in (vectors.weights.lexical, vectors.weights.headlines))
        asks = tuple(read(text, unread) for text, unread in row_of) if read else ()
        return cls(row, dense, has_vector, lexical, headlines, asks)


@dataclass(frozen=True)
class QueryColumns:
    """Queries of one surface, one a row: who asks, for what, and what came before."""

    surface: Surface
    vectors: TextVectors
    party: Party
    time: Doubles
    text_row: Codes
    headlines: Headlines
    requests: Requests
    past: Past
    stored: Floats

    @classmethod
    def encode(
        cls,
        surface: Surface,
        table: Rows,
        vectors: TextVectors,
        embeddings: dict[str, Floats] | None = None,
        read: ReadText | None = None,
    ) -> "QueryColumns":
        """Columns of queries, or of one as a mapping: stored features, event_timestamp and text.

        `embeddings` gives vectors of typed texts that `vectors` does not hold; `read` says what a text asks for.
        """
        prefix, party = (PERSON, people) if surface_spec(surface).side == "freelancer" else (JOB, jobs)
        rows = text_rows(table, f"{prefix}text_key", vectors)
        return cls(
            surface=surface,
            vectors=vectors,
            party=party(table),
            time=seconds(table, "event_timestamp"),
            text_row=rows,
            headlines=headlines_of(table, prefix, vectors),
            requests=Requests.encode(table, vectors, embeddings, read),
            past=Past.encode(surface, table, vectors),
            stored=_stored(QUERY_STORED[surface], table, vectors, rows),
        )

    def asking(
        self, table: Rows, embeddings: dict[str, Floats] | None = None, read: ReadText | None = None
    ) -> "QueryColumns":
        """As `encode`, of queries of the same actors and jobs that are asked later, or for other texts."""
        requests = Requests.encode(table, self.vectors, embeddings, read)
        return replace(self, time=seconds(table, "event_timestamp"), requests=requests)


def _stored(features: tuple[Stored, ...], table: Rows, vectors: TextVectors, rows: Codes) -> Floats:
    """(n, features + 16): stored features as they are, then the components of the side's own text vector."""
    return np.concatenate([rescaled(features, table), vectors.projection_at(rows)], axis=1, dtype=np.float32)


def _past_headlines(
    table: Rows, prefix: str, text_row: Codes, marks: dict[str, Lists], vectors: TextVectors
) -> Headlines:
    """Headlines of past candidates: the title of the text, the place and company of the history."""
    parts = []
    for name, column in (("city", "recent_cities"), ("region", "recent_regions"), ("company", "recent_companies")):
        values = marks[name] if name in marks else lists(table, f"{prefix}{column}")
        elements = values.padded(np.arange(len(values.flat)), LONGEST, -1).ravel()
        parts.append(np.array([*values.strings().spelled(), None], object)[elements])
    titles = vectors.titles_at(text_row.ravel())
    cards = Headlines.encode([headline(*card) for card in zip(titles, *parts, strict=True)], vectors)
    return Headlines(cards.lexical, cards.row.reshape(text_row.shape))
