"""What candidate retrieval alone would say: the baseline that a ranker has to improve on. Measures nothing itself."""

from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from components.measures.arrays import Floats
from components.retrieval.candidate_index import index_candidates
from components.retrieval.from_lake import newest_versions
from components.retrieval.questions import questions, retrieve
from components.training_sets import TracedDataset
from feature_repo.texts import Encoder, TextVectors
from feature_repo.texts.text import headline
from metier.contract import Surface
from metier.lake import Lake


class IndexedCandidates:
    """The newest version of every candidate of a surface, indexed."""

    def __init__(self, lake: Lake, surface: Surface, as_of: datetime, vectors: TextVectors, encoder: Encoder) -> None:
        self.rows = newest_versions(lake, surface, as_of)
        self.ids: tuple[str, ...] = tuple(self.rows["id"].to_pylist())
        self.position = {candidate: position for position, candidate in enumerate(self.ids)}
        self.vectors = vectors
        self.retriever = index_candidates(self.rows, vectors, encoder)

    def cards(self) -> dict[str, list[str]]:
        """Texts of the content baselines: title, or what was published, with city and region."""
        columns = self.rows.column_names
        where = list(zip(self.rows["city"].to_pylist(), self.rows["region"].to_pylist(), strict=True))
        named = {"tf-idf": "title", "tf-idf (description)": "description" if "description" in columns else "overview"}
        return {
            name: [
                headline(text, *location) for text, location in zip(self.rows[column].to_pylist(), where, strict=True)
            ]
            for name, column in named.items()
        }

    def for_everything(self, surface: Surface, queries: pa.Table) -> Floats:
        """Scores (n_queries, n_candidates) of every candidate; -1 for what is not found."""
        scores = np.full((queries.num_rows, len(self.ids)), -1.0, dtype=np.float32)
        query_texts = questions(surface, queries, self.vectors)
        for row, (ids, values) in enumerate(retrieve(self.retriever, query_texts, len(self.ids))):
            scores[row, [self.position[str(candidate)] for candidate in ids]] = values
        return scores

    def for_slates(self, surface: Surface, held_out: TracedDataset, queries: pa.Table) -> NDArray[np.float64]:
        """Scores (n_rows,) of each slate's candidates for what its query says; -1 for what is not found."""
        dataset = held_out.dataset
        position = np.array(
            [self.position.get(candidate, -1) for candidate in held_out.rows["candidate_id"].to_pylist()]
        )
        scores = np.full(len(dataset), -1.0)
        starts = np.append(0, np.cumsum(dataset.group_sizes))
        for number, question in enumerate(questions(surface, queries, self.vectors)):
            slate = np.arange(starts[number], starts[number + 1])
            mask = np.zeros(len(self.ids), dtype=np.bool_)
            mask[position[slate][position[slate] >= 0]] = True
            ((ids, values),) = retrieve(self.retriever, [question], len(slate), mask)
            by_position = dict(zip((self.position[str(candidate)] for candidate in ids), values, strict=True))
            scores[slate] = [by_position.get(row, -1.0) for row in position[slate]]
        return scores
