"""BM25 over short texts by tantivy, with the one analyser that all lexical matching shares.

Candidates are positions 0..n-1; the caller keeps the ids. A query is a bag of terms: what a user types is analysed,
never parsed, so quotes, colons and AND are letters like any other. Terms that no text holds match near spellings and
longer words. Knows nothing of vectors, ids or eligibility rules beyond a boolean mask.
"""

import math
import os
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import tantivy

from feature_repo.texts.text import analyser, analyze, searchable
from metier.languages import ENGLISH

Floats = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

BODY, POSITION = "body", "position"
HEAP_BYTES = 64_000_000
LITTLE_HEAP_BYTES = 15_000_000
QUERY_TERMS = 32
"""Most informative terms that are searched; a whole job post as query would otherwise read most of the index."""
RESPELLED_TERMS = 3
"""Unknown terms that are matched by near spelling; each costs a walk of the dictionary."""
SHORTEST_RESPELLED = 4
LONG_TERM = 8
SAME = 1e-6
"""Scores of one text may differ by rounding where terms are summed in another order."""
SELECTIVE = 1_000
"""Up to this many eligible candidates are named in the query; more are filtered out of its results."""


class LexicalIndex:
    """An inverted index of n texts; make one with build or load."""

    def __init__(self, index: Any, language: str, folder: Path | None = None) -> None:
        self._index = index
        self._folder = folder
        self.language = language
        index.register_tokenizer(_tokenizer(language), analyser(language))
        index.reload()
        self._searcher = index.searcher()
        self.size: int = self._searcher.num_docs

    @classmethod
    def build(cls, texts: Sequence[str], language: str = ENGLISH) -> Self:
        """Index the texts in memory."""
        return cls(_written(tantivy.Index(_schema(language)), texts, language), language)

    @classmethod
    def load(cls, directory: Path, language: str = ENGLISH) -> Self:
        """The index that save wrote into `directory`, built with the same language."""
        return cls(tantivy.Index.open(str(directory)), language, directory)

    def save(self, directory: Path) -> None:
        """Write the index into `directory`, made if absent and otherwise empty."""
        directory.mkdir(parents=True, exist_ok=True)
        _written(tantivy.Index(_schema(self.language), path=str(directory)), self._texts(), self.language)

    def copy(self, directory: Path) -> "LexicalIndex":
        """The same index in a folder of its own, to be `grown`; files that never change are shared."""
        if self._folder is None:
            self.save(directory)
            return self.load(directory, self.language)
        directory.mkdir(parents=True)
        for path in self._folder.iterdir():
            if path.suffix == ".json" or (path.suffix != ".lock" and not _linked(path, directory / path.name)):
                shutil.copyfile(path, directory / path.name)
        return self.load(directory, self.language)

    def grown(self, texts: Sequence[str]) -> "LexicalIndex":
        """An index with `texts` behind these, written into the same folder; the one at hand answers as before."""
        _written(self._index, texts, self.language, self.size, LITTLE_HEAP_BYTES)
        return LexicalIndex(self._index, self.language, self._folder)

    def search(self, text: str, k: int, eligible: BoolArray | None = None) -> tuple[IntArray, Floats]:
        """(positions, BM25 scores) of the k best that share a term with `text`, best first, equal ones by position."""
        count = self.size if eligible is None else int(np.count_nonzero(eligible))
        query = self._query(text)
        if query is None or min(k, count) <= 0:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        if eligible is None or count == self.size:
            return self._hits(query, k)
        if count <= SELECTIVE:
            return self._hits(self._among(query, np.flatnonzero(eligible)), k)
        return self._filtered(query, k, eligible)

    def _filtered(self, query: Any, k: int, eligible: BoolArray) -> tuple[IntArray, Floats]:
        """Read ever deeper until k eligible texts are found or none are left."""
        depth = math.ceil(1.5 * k * self.size / np.count_nonzero(eligible)) + k
        while True:
            positions, scores = self._hits(query, depth)
            mask = eligible[positions]
            if np.count_nonzero(mask) >= k or len(positions) < depth:
                return positions[mask][:k], scores[mask][:k]
            depth *= 4

    def _hits(self, query: Any, limit: int) -> tuple[IntArray, Floats]:
        """The `limit` best, equal scores by position: tantivy has them by segments, which differ between replicas.

        Where the last score goes on past the limit, the results are read deeper until it ends, and in turn positions
        are walked from the first on until enough of that score are found: the one is short for few, the other for many.
        """
        depth, start, tied = limit + 1, 0, np.empty(0, dtype=np.int64)
        while True:
            positions, scores = self._read(query, depth)
            if len(scores) < depth or scores[-1] < scores[limit - 1]:
                break
            above = scores > scores[limit - 1]
            walked, walked_scores = self._read(self._between(query, start, start + depth), depth)
            tied = np.append(tied, np.sort(walked[np.isclose(walked_scores, scores[-1], rtol=SAME)]))
            if len(tied) + np.count_nonzero(above) >= limit:
                positions = np.append(positions[above], tied)
                scores = np.append(scores[above], np.full(len(tied), scores[-1]))
                break
            start, depth = start + depth, 4 * depth
        order = np.lexsort((positions, -scores))[:limit]
        return positions[order], scores[order]

    def _read(self, query: Any, limit: int) -> tuple[IntArray, Floats]:
        hits = self._searcher.search(query, limit=min(limit, self.size), count=False).hits
        positions = self._searcher.fast_field_values(POSITION, [address for _, address in hits])
        return np.array(positions, dtype=np.int64), np.array([score for score, _ in hits], dtype=np.float32)

    def _query(self, text: str) -> Any:
        """The query, or None where `text` has no term."""
        terms = Counter(analyze(_well_formed(text), self.language))
        frequency = {term: self._searcher.doc_freq(BODY, term) for term in terms}
        indexed = [term for term in terms if frequency[term]]
        unindexed = [term for term in terms if not frequency[term] and len(term) >= SHORTEST_RESPELLED]
        indexed.sort(key=lambda term: frequency[term] / terms[term])
        clauses = [self._exactly(term, terms[term]) for term in indexed[:QUERY_TERMS]]
        clauses += [self._respelled(term) for term in unindexed[:RESPELLED_TERMS]]
        if not clauses:
            return None
        return tantivy.Query.boolean_query([(tantivy.Occur.Should, clause) for clause in clauses])

    def _exactly(self, term: str, times: int) -> Any:
        query = tantivy.Query.term_query(self._index.schema, BODY, term, index_option="freq")
        return query if times == 1 else tantivy.Query.boost_query(query, float(times))

    def _respelled(self, term: str) -> Any:
        """Texts with a word a typing slip away (two in a long word) or beginning with the term, at half a rare term."""
        slips = 2 if len(term) >= LONG_TERM else 1
        schema = self._index.schema
        near = tantivy.Query.fuzzy_term_query(schema, BODY, term, distance=slips, transposition_cost_one=True)
        longer = tantivy.Query.fuzzy_term_query(schema, BODY, term, distance=0, prefix=True)
        either = tantivy.Query.disjunction_max_query([near, longer])
        return tantivy.Query.const_score_query(either, math.log1p(self.size) / 2)

    def _among(self, query: Any, positions: IntArray) -> Any:
        """`query` restricted to the positions, scores unchanged."""
        return _restricted(query, tantivy.Query.term_set_query(self._index.schema, POSITION, positions.tolist()))

    def _between(self, query: Any, start: int, stop: int) -> Any:
        """`query` restricted to positions from `start` to before `stop`, scores unchanged."""
        kind = tantivy.FieldType.Unsigned
        return _restricted(
            query, tantivy.Query.range_query(self._index.schema, POSITION, kind, start, stop, include_upper=False)
        )

    def _texts(self) -> list[str]:
        """The indexed texts in the order of their positions."""
        texts = [""] * self.size
        if self.size:
            for _, address in self._searcher.search(tantivy.Query.all_query(), limit=self.size, count=False).hits:
                document = self._searcher.doc(address)
                texts[document.get_first(POSITION)] = document.get_first(BODY)
        return texts


def _restricted(query: Any, to: Any) -> Any:
    silent = tantivy.Query.const_score_query(to, 0.0)
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, silent), (tantivy.Occur.Must, query)])


def _tokenizer(language: str) -> str:
    return f"metier_{language}"


def _schema(language: str) -> Any:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field(BODY, stored=True, tokenizer_name=_tokenizer(language), index_option="freq")
    builder.add_unsigned_field(POSITION, stored=True, indexed=True, fast=True)
    return builder.build()


def _written(index: Any, texts: Sequence[str], language: str, first: int = 0, heap_bytes: int = HEAP_BYTES) -> Any:
    """The index with the texts from position `first` on; one thread, so that equal texts give equal order."""
    index.register_tokenizer(_tokenizer(language), analyser(language))
    writer = index.writer(heap_size=heap_bytes, num_threads=1)
    for position, text in enumerate(texts, first):
        document = tantivy.Document()
        document.add_text(BODY, searchable(_well_formed(text)))
        document.add_unsigned(POSITION, position)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()
    return index


def _linked(source: Path, target: Path) -> bool:
    """Whether `target` is another name of the file; False where the file system cannot do that."""
    try:
        os.link(source, target)
    except OSError:
        return False
    return True


def _well_formed(text: str) -> str:
    """The text with lone surrogates, which no index can hold, as question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")
