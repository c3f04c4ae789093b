"""What a query says to candidate retrieval: words, vectors, and headlines of what the actor turned to before.

The same for evaluation and for the endpoint, from stored features as they were known. Knows no index and no ranker.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.retrieval.fused import FusedSearch, Rows
from components.retrieval.hybrid import Found, HybridRetriever
from feature_repo.texts import TextVectors
from feature_repo.texts.text import headline
from metier.contract import Surface
from metier.surfaces import surface_spec

Floats = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

NO_ROWS = np.empty(0, np.int64)
LATEST = 10
"""How many past candidates a feed's query is made of."""
PROFILE = ("title", "skills", "text_key")
HISTORY = ("recent_text_keys", "recent_cities", "recent_regions")


@dataclass(frozen=True)
class Question:
    """`vectors` (m, dimension), of which the nearest counts; None lets the retriever encode the text."""

    text: str
    vectors: Floats | None
    card: str | None


@dataclass(frozen=True)
class Worded:
    """A question, and `rows` (m,) of text vectors in place of its vectors."""

    text: str
    rows: npt.NDArray[np.int64]
    card: str | None

    def asked(self, vectors: TextVectors) -> Question:
        """With its vectors."""
        return Question(self.text, vectors.dense_at(self.rows) if len(self.rows) else None, self.card)


def questions(surface: Surface, rows: pa.Table, vectors: TextVectors) -> list[Question]:
    """One question a row of `rows` (text and stored features of who asks, or of the job that is asked for).

    A typed text stands alone. Else the profile or the post asks, and on a feed the jobs last turned to.
    """
    prefix = _prefix(surface)
    read = rows.select([name for name in rows.column_names if name == "text" or _is_read(name, prefix)]).to_pylist()
    return [question(surface, row, vectors) for row in read]


def retrieve(
    retriever: HybridRetriever,
    queries: Sequence[Question],
    k: int,
    eligible: Sequence[BoolArray | None] | BoolArray | None = None,
) -> list[Found]:
    """(ids, scores) of the k best for each question."""
    return [(retriever.ids[rows], scores) for rows, scores in retrieve_rows(retriever, queries, k, eligible)]


def retrieve_rows(
    search: FusedSearch,
    queries: Sequence[Question],
    k: int,
    eligible: Sequence[BoolArray | None] | BoolArray | None = None,
) -> list[Rows]:
    """(rows, scores) of the k best for each question."""
    return search.find_many(
        [query.text for query in queries],
        [query.vectors for query in queries],
        k,
        eligible,
        [query.card for query in queries],
    )


def _prefix(surface: Surface) -> str:
    return "freelancer_profile__" if surface_spec(surface).side == "freelancer" else "job_profile__"


def _is_read(name: str, prefix: str) -> bool:
    return name in {f"{prefix}{column}" for column in PROFILE} | {f"freelancer_history__{column}" for column in HISTORY}


def question(surface: Surface, row: Mapping[str, Any], vectors: TextVectors) -> Question:
    """As `questions`, of one row."""
    return worded(surface, row, vectors).asked(vectors)


def worded(surface: Surface, row: Mapping[str, Any], vectors: TextVectors) -> Worded:
    """As `question`, its vectors by their rows: what is kept of it is small."""
    prefix = _prefix(surface)
    if (typed := row.get("text")) and typed.strip():
        return Worded(typed, NO_ROWS, None)
    title = row.get(f"{prefix}title") or ""
    words = [title, *(row.get(f"{prefix}skills") or [])]
    past = [(row.get(f"freelancer_history__{column}") or [])[:LATEST] for column in HISTORY]
    rows = vectors.rows([row.get(f"{prefix}text_key") if title else None, *past[0]])
    titles = vectors.titles_at(rows[1:])
    cards = [headline(*card) for card in zip(titles, past[1], past[2], strict=True)]
    text = " ".join([*words, *filter(None, titles)]).strip()
    return Worded(text, rows[rows >= 0], " ".join(cards) or None)
