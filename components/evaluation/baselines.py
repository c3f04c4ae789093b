"""Baselines that any ranker must beat: popularity, and item-to-item cosines or TF-IDF of content with a history.

All read a history matrix (n_actors, n_candidates), non-zero where the actor has positively interacted, and score
actors by position, as full_ranking.blocks asks. They know nothing of where history or texts come from.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from components.measures.arrays import IntArray
from metier.errors import InputError


def history_matrix(actor: IntArray, candidate: IntArray, n_actors: int, n_candidates: int) -> sparse.csr_array:
    """Zero-one history from (actor, candidate) positions; a pair that repeats counts once."""
    history = sparse.csr_array((np.ones(len(actor)), (actor, candidate)), shape=(n_actors, n_candidates))
    history.sum_duplicates()
    history.data[:] = 1.0
    return history


@dataclass(frozen=True)
class Popularity:
    """Score = number of actors whose history holds the candidate: the same order for everybody."""

    count: npt.NDArray[np.float64]  # (n_candidates,)

    @classmethod
    def fit(cls, history: sparse.csr_array) -> "Popularity":
        """Count the history's columns."""
        return cls(np.asarray(history.sum(axis=0), dtype=np.float64).ravel())

    def __call__(self, actor: IntArray) -> npt.NDArray[np.float64]:
        """Scores (b, n_candidates)."""
        return np.broadcast_to(self.count, (len(actor), len(self.count)))


@dataclass(frozen=True)
class ItemToItem:
    """Score = sum of cosines between a candidate's column of the crowd's history and those of the actor's own.

    Item-to-item neighbours (Sarwar et al., WWW 2001) without a limit of neighbours. What the actor's history holds is
    not ranked, so that a candidate's cosine with itself plays no part.
    """

    own: sparse.csr_array  # (n_actors, n_candidates)
    crowd: sparse.csr_array  # (n_others, n_candidates), unit columns

    @classmethod
    def fit(cls, crowd: sparse.csr_array, own: sparse.csr_array) -> "ItemToItem":
        """`crowd` (n_others, n_candidates): the history of everybody."""
        from sklearn.preprocessing import normalize

        return cls(own, sparse.csr_array(normalize(crowd, axis=0)))

    def __call__(self, actor: IntArray) -> npt.NDArray[np.float64]:
        """Scores (b, n_candidates), rounded so that equal sums tie in spite of floating point."""
        cosines: npt.NDArray[np.float64] = ((self.own[actor] @ self.crowd.T) @ self.crowd).toarray()
        return cosines.round(12)


@dataclass(frozen=True)
class ContentSimilarity:
    """Score = cosine between a candidate's TF-IDF vector and the sum of those in the actor's history."""

    vectors: sparse.csr_array  # (n_candidates, n_terms), unit rows
    profiles: sparse.csr_array  # (n_actors, n_terms), unit rows

    @classmethod
    def fit(cls, texts: Sequence[str], history: sparse.csr_array) -> "ContentSimilarity":
        """Logarithmic term frequency, smoothed idf over `texts` (n_candidates,), unit length; zeros without words."""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.preprocessing import normalize

        if len(texts) != history.shape[1]:
            raise InputError(f"{len(texts)} texts beside a history of {history.shape[1]} candidates; give one each")
        vectorizer = TfidfVectorizer(sublinear_tf=True)
        tokens = vectorizer.build_analyzer()
        if not any(tokens(text) for text in texts):
            nothing = sparse.csr_array((len(texts), 1))
            return cls(nothing, sparse.csr_array((history.shape[0], 1)))
        vectors = sparse.csr_array(vectorizer.fit_transform(texts))
        return cls(vectors, sparse.csr_array(normalize(history @ vectors)))

    def __call__(self, actor: IntArray) -> npt.NDArray[np.float64]:
        """Scores (b, n_candidates), rounded so that equal texts tie in spite of floating point."""
        cosine: npt.NDArray[np.float64] = (self.profiles[actor] @ self.vectors.T).toarray()
        return cosine.round(12)
