"""Candidates for a text: a fused search with ids, built from texts, saved and loaded.

Knows ids, texts and vectors; which candidates are eligible is the caller's mask, and what a query means beyond these
is unknown here.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from components.retrieval.dense import EXACT_UP_TO, DenseIndex
from components.retrieval.digests import first_altered, sha256_of
from components.retrieval.fused import FusedSearch
from components.retrieval.lexical import LexicalIndex
from feature_repo.files.mapped import read_array, write_array
from feature_repo.texts import Encoder
from feature_repo.texts.encoder import Progress
from feature_repo.texts.weighing import on_grid
from metier.durable import new_folder
from metier.errors import ArtifactError, InputError
from metier.languages import ENGLISH

Floats = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]
Found = tuple[npt.NDArray[np.str_], Floats]
"""(candidate ids, scores), best first."""

FORMAT = 3
READABLE = (2, FORMAT)
"""Of the earlier one texts are indexed anew by each replica, and searched by another measure of cost."""
MANIFEST, IDS, LEXICAL, DENSE, CARDS = "retriever.json", "ids.npy", "lexical", "dense", "cards"


class HybridRetriever(FusedSearch):
    """Searchable candidates; make one with build or load. Candidates keep the order they were built in.

    >>> import numpy as np
    >>> from feature_repo.texts import Encoder
    >>> texts = ["Pastry chef. baking, chocolate", "Go developer. SQL, Kubernetes", "Night nurse. triage"]
    >>> jobs = HybridRetriever.build(["j1", "j2", "j3"], texts, Encoder.load())
    >>> ids, scores = jobs.search("somebody who bakes cakes", k=1)
    >>> ids.tolist()
    ['j1']
    >>> ids, scores = jobs.search("somebody who bakes cakes", k=3, eligible=np.array([False, True, True]))
    >>> sorted(ids.tolist())
    ['j2', 'j3']
    """

    lexical: LexicalIndex
    dense: DenseIndex
    cards: LexicalIndex | None

    def __init__(
        self,
        ids: Sequence[str] | npt.NDArray[np.str_],
        lexical: LexicalIndex,
        dense: DenseIndex,
        encoder: Encoder,
        cards: LexicalIndex | None = None,
    ) -> None:
        dense.require(encoder.hash)
        super().__init__(len(ids), lexical, dense, encoder, cards)
        self.ids: npt.NDArray[np.str_] = np.asarray(ids, dtype=np.str_)

    @classmethod
    def build(
        cls,
        ids: Sequence[str],
        texts: Sequence[str],
        encoder: Encoder,
        *,
        embeddings: Floats | None = None,
        headlines: Sequence[str] | None = None,
        language: str = ENGLISH,
        exact_up_to: int = EXACT_UP_TO,
        progress: Progress | None = None,
    ) -> Self:
        """Index candidate i under ids[i]; `embeddings` (n, dimension) are this encoder's vectors of the texts."""
        if len(set(ids)) != len(ids) or len(ids) != len(texts):
            raise InputError(f"{len(ids)} ids, {len(set(ids))} distinct, {len(texts)} texts: give one text for each id")
        vectors = encoder.encode(texts, progress) if embeddings is None else embeddings
        if vectors.shape != (len(ids), encoder.dimension):
            raise InputError(f"embeddings are {vectors.shape}, not {(len(ids), encoder.dimension)}; encode the texts")
        cards = None if headlines is None else LexicalIndex.build(headlines, language)
        dense = DenseIndex.build(on_grid(vectors), encoder.hash, exact_up_to)
        return cls(ids, LexicalIndex.build(texts, language), dense, encoder, cards)

    def search(self, text: str, k: int, eligible: BoolArray | None = None) -> Found:
        """The k best for a text, fewer where fewer are eligible, none for a blank text."""
        ((rows, scores),) = self.find_many([text], None, k, eligible)
        return self.ids[rows], scores

    def save(self, directory: Path) -> None:
        """Write ids, both indexes and a manifest with the encoder's hash and each file's sha256; no pickle.

        Written beside `directory` and renamed, which must not exist yet or be empty.
        """
        if directory.exists() and any(directory.iterdir()):
            raise InputError(f"{directory} is not empty; save the retriever into a new folder")
        with new_folder(directory) as written:
            self.lexical.save(written / LEXICAL)
            self.dense.save(written / DENSE)
            if self.cards is not None:
                self.cards.save(written / CARDS)
            write_array(written / IDS, self.ids)
            manifest = {
                "format": FORMAT,
                "encoder_hash": self.encoder.hash,
                "language": self.lexical.language,
                "candidates": len(self.ids),
                "recall": self.dense.recall,
                "files": _digests(written),
            }
            (written / MANIFEST).write_text(json.dumps(manifest, indent=2, sort_keys=True))

    @classmethod
    def load(cls, directory: Path | str, encoder: Encoder) -> Self:
        """The retriever that save wrote; ArtifactError on altered files or another encoder."""
        folder = Path(directory)
        manifest = _verified(folder)
        ids, language = read_array(folder / IDS), manifest["language"]
        cards = LexicalIndex.load(folder / CARDS, language) if (folder / CARDS).exists() else None
        return cls(ids, LexicalIndex.load(folder / LEXICAL, language), DenseIndex.load(folder / DENSE), encoder, cards)


def _digests(folder: Path) -> dict[str, str]:
    """sha256 of each file."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): sha256_of(path) for path in paths}


def _verified(folder: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{folder} holds no readable {MANIFEST}; build the candidate index first") from error
    if manifest["format"] not in READABLE:
        raise ArtifactError(f"{folder} has index format {manifest['format']}, not {FORMAT}; build the index anew")
    wrong = first_altered(folder, manifest["files"])
    if wrong is not None:
        raise ArtifactError(f"{folder / wrong} is missing or altered; build the candidate index anew")
    return manifest
