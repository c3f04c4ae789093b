"""Candidates of one surface, one a row: their newest versions, stored features and encoded columns, and their pairs.

What a candidate release contains, and what serving lays behind one. Knows no index, no ranker and no request.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pyarrow as pa

from components.retrieval.pair_facts import PairFacts
from feature_repo.files.mapped import read_table, write_table
from feature_repo.files.names import Names
from feature_repo.inputs.covisits import FOLDER, Covisits
from feature_repo.inputs.encoded import CandidateColumns
from feature_repo.inputs.encoded_files import are_current, read_candidates, write_candidates
from feature_repo.texts import TextVectors
from metier.contract import Surface

VERSIONS, FEATURES = "candidates.arrow", "features.arrow"
NAMES, COLUMNS, FACTS, VECTORS = "ids", "columns", "facts", "vectors"


@dataclass(frozen=True)
class CandidateRows:
    """`names`, `versions`, `features` and `columns` have one row a candidate, in the same order."""

    names: Names
    versions: pa.Table
    """`id` and the contract's columns of each candidate's newest version."""
    features: pa.Table
    """Stored features in full names."""
    columns: CandidateColumns
    """The features encoded, with the text vectors."""
    facts: PairFacts

    @classmethod
    def encode(
        cls,
        surface: Surface,
        versions: pa.Table,
        features: pa.Table,
        vectors: TextVectors,
        *,
        facts: PairFacts,
        covisits: Covisits | None = None,
    ) -> Self:
        """Candidates in memory; `vectors` hold their texts."""
        columns = CandidateColumns.encode(surface, features, vectors, covisits)
        return cls(Names.of(versions["id"]), versions, features, columns, facts)

    def others(self, versions: pa.Table, features: pa.Table, vectors: TextVectors) -> "CandidateRows":
        """Other candidates of the surface, with what is known of the pairs of all."""
        columns = CandidateColumns.encode(self.surface, features, vectors, self.columns.covisits)
        return CandidateRows(Names.of(versions["id"]), versions, features, columns, self.facts)

    @property
    def surface(self) -> Surface:
        """What the candidates may appear on."""
        return self.columns.surface

    @property
    def vectors(self) -> TextVectors:
        """Vectors of the candidates' texts, among others."""
        return self.columns.vectors

    def __len__(self) -> int:
        return len(self.names)

    def write(self, folder: Path) -> None:
        """Write what `read` maps into `folder`."""
        self.names.write(folder, NAMES)
        write_table(folder / VERSIONS, self.versions)
        write_table(folder / FEATURES, self.features)
        write_candidates(folder / COLUMNS, self.columns)
        self.facts.write(folder / FACTS)
        self.vectors.write(folder / VECTORS)

    @classmethod
    def read(cls, folder: Path, surface: Surface) -> Self:
        """The candidates that `write` left, mapped; encoded again where this version reads other features of them."""
        vectors, features = TextVectors.read(folder / VECTORS), read_table(folder / FEATURES)
        if are_current(folder / COLUMNS, surface):
            columns = read_candidates(folder / COLUMNS, surface, vectors)
        else:
            columns = CandidateColumns.encode(surface, features, vectors, Covisits.read(folder / COLUMNS / FOLDER))
        names, versions = Names.read(folder, NAMES), read_table(folder / VERSIONS)
        return cls(names, versions, features, columns, PairFacts.read(folder / FACTS))
