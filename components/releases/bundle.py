"""The bundle: one immutable folder with an ensemble and everything needed to serve it, named by its sha256.

Every file is checked against the manifest before any is parsed, and nothing in it is a pickle. Loading and scoring
import no torch. Knows nothing of registries and HTTP, and does not judge: evaluation and decision are given to it.
"""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar, Self
from weakref import WeakValueDictionary

import numpy as np
from pydantic import ConfigDict

from components.language.taxonomy import Taxonomy
from components.ranking import Ensemble, artifact
from components.ranking.neural_inputs import CODES
from components.ranking.ranker import require_names
from components.training_sets.reading import text_reader
from feature_repo.inputs.reading import TextReader
from feature_repo.inputs.schema import feature_schema_hash
from feature_repo.texts import Encoder, TextWeights
from metier.contract import Surface
from metier.durable import new_folder
from metier.errors import ArtifactError, FeatureMismatchError, MetierError
from metier.stored import Moment, as_plain, from_plain

KIND = "bundle"
ENSEMBLE, ENCODER = "ensemble", "encoder"
TEXT_WEIGHTS, EVALUATION, DECISION = "text_weights.npz", "evaluation.json", "decision.json"
TAXONOMY = "taxonomy.json"
LIBRARIES = ("numpy", "onnxruntime", "tokenizers", "xgboost")


def label(surface: Surface, sha256: str) -> str:
    """What a bundle is called, such as job_feed-3f2a9c1d."""
    return f"{surface}-{sha256[:8]}"


@dataclass(frozen=True)
class Origin:
    """What a bundle ranks, and the data and code that it came from."""

    surface: Surface
    feature_service: str
    candidate_counts: bool
    """Whether counts, recency and popularity of candidates are among the features."""
    as_of: Moment
    lake_digest: str
    inputs_digest: str
    code_digest: str
    lineage: Mapping[str, Any]


@dataclass(frozen=True)
class Manifest(Origin):
    """The origin, and what must be equal wherever the bundle is served."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    feature_names: tuple[str, ...]
    feature_schema_hash: str
    categories: Mapping[str, int]
    """Categorical features with their number of hash buckets; 0 is unknown."""
    encoder_hash: str
    language: str
    metier_version: str
    dtype: str = "float32"

    @property
    def code_version(self) -> str:
        return f"{self.metier_version}+{self.code_digest[:12]}"


@dataclass(frozen=True, eq=False)
class Bundle:
    """A verified bundle; make one with `write` or `load`. What is large is loaded when first asked for."""

    folder: Path
    sha256: str
    """Digest of the manifest, which holds the digest of each file: equal content has equal sha256."""
    manifest: Manifest
    text_weights: TextWeights
    """Fitted with the features that the rankers were trained on."""
    evaluation: Mapping[str, Any]
    decision: Mapping[str, Any]
    ranker_classes: tuple[str, ...] = ()
    """Import paths of rankers' classes that loading the ensemble may import, beside those of this package."""

    @property
    def version(self) -> str:
        """Label for people, logs and folders."""
        return label(self.manifest.surface, self.sha256)

    @cached_property
    def ensemble(self) -> Ensemble:
        return Ensemble.load(self.folder / ENSEMBLE, self.ranker_classes)

    @cached_property
    def encoder(self) -> Encoder:
        try:
            encoder = Encoder.load(self.folder / ENCODER)
        except ArtifactError:
            raise
        except Exception as error:  # onnxruntime and tokenizers raise their own unrelated types
            raise ArtifactError(f"{self.folder / ENCODER} holds no encoder that loads; {artifact.NEXT_MOVE}") from error
        if encoder.hash != self.manifest.encoder_hash:
            raise ArtifactError(f"{self.folder} names another encoder than it holds; {artifact.NEXT_MOVE}")
        return encoder

    @cached_property
    def reader(self) -> TextReader | None:
        """Reads typed texts as they were read for training; None in a bundle that was trained without."""
        path = self.folder / TAXONOMY
        if not path.exists():
            return None
        return text_reader(self.manifest.surface, Taxonomy.load(path))

    @classmethod
    def write(
        cls,
        folder: Path,
        *,
        origin: Origin,
        ensemble: Ensemble,
        encoder: Encoder,
        text_weights: TextWeights,
        evaluation: Mapping[str, Any],
        decision: Mapping[str, Any],
        taxonomy: Taxonomy | None = None,
    ) -> Self:
        """Write a new folder and load it. Both mappings are JSON-able, NaN as None; a decision has a verdict.

        `taxonomy` is the one that typed texts were read by.

        ArtifactError when the folder exists or a part cannot be stored.
        """
        if folder.exists():
            raise ArtifactError(f"{folder} exists, and a bundle never changes; write into a new folder")
        if "verdict" not in decision:
            raise ArtifactError("the decision has no verdict; give the gate's record as it is")
        _json(origin.lineage)  # refused here where JSON cannot hold it
        metadata = as_plain(_manifest(origin, ensemble, encoder, text_weights))
        files = {TEXT_WEIGHTS: _npz(text_weights), EVALUATION: _json(evaluation), DECISION: _json(decision)}
        try:
            with new_folder(folder) as written:
                ensemble.save(written / ENSEMBLE)
                encoder.save(written / ENCODER)
                if taxonomy is not None:
                    taxonomy.save(written / TAXONOMY)
                files |= {name: (written / name).read_bytes() for name in _names(written)}
                artifact.write(written, KIND, metadata, files, LIBRARIES)
        except OSError as error:
            raise ArtifactError(f"{folder} cannot be written ({error.strerror}); write into another folder") from error
        return cls.load(folder, ranker_classes=ensemble.ranker_classes)

    @classmethod
    def load(cls, folder: Path | str, sha256: str | None = None, *, ranker_classes: tuple[str, ...] = ()) -> Self:
        """The bundle in `folder`, which must be the one with `sha256` where that is given.

        ArtifactError when a file is altered, missing or too many, or when the bundle is another or of a newer version.
        """
        path = Path(folder)
        saved = artifact.read(path, KIND)
        if sha256 is not None and saved.sha256 != sha256:
            raise ArtifactError(
                f"{path} holds the bundle {saved.sha256[:12]}, not the pinned {sha256[:12]}; {artifact.NEXT_MOVE}"
            )
        extra = sorted(_names(path) - {*saved.files, artifact.MANIFEST})
        if extra:
            raise ArtifactError(f"{path / extra[0]} is not in the manifest; {artifact.NEXT_MOVE}")
        return cls._parsed(path, saved, ranker_classes)

    @classmethod
    def _parsed(cls, folder: Path, saved: artifact.Artifact, ranker_classes: tuple[str, ...]) -> Self:
        try:
            manifest = from_plain(Manifest, saved.metadata)
            weights = _shared_weights(saved.files[TEXT_WEIGHTS], manifest.language)
            evaluation, decision = (json.loads(saved.files[name]) for name in (EVALUATION, DECISION))
            fitted = json.loads(saved.files[f"{ENSEMBLE}/{artifact.MANIFEST}"])["metadata"]["feature_names"]
        except MetierError:
            raise
        except Exception as error:  # numpy, zipfile and json raise their own unrelated types
            raise ArtifactError(f"{folder} holds no bundle that loads; {artifact.NEXT_MOVE}") from error
        _check_names(folder, manifest.feature_names, fitted)
        return cls(folder, saved.sha256, manifest, weights, evaluation, decision, ranker_classes=ranker_classes)


def _manifest(origin: Origin, ensemble: Ensemble, encoder: Encoder, text_weights: TextWeights) -> Manifest:
    names = ensemble.feature_names
    return Manifest(
        **vars(origin),
        feature_names=names,
        feature_schema_hash=feature_schema_hash(names, text_weights, encoder.hash),
        categories={name: CODES for name in names if name.endswith("_code")},
        encoder_hash=encoder.hash,
        language=text_weights.language,
        metier_version=version("metier"),
    )


def _check_names(folder: Path, stated: tuple[str, ...], fitted: list[str]) -> None:
    try:
        require_names(fitted, stated)
    except FeatureMismatchError as error:
        raise ArtifactError(f"{folder} states other features than its ensemble has: {error}") from error


def _names(folder: Path) -> set[str]:
    """Files in `folder`, relative to it."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


_WEIGHTS: WeakValueDictionary[tuple[str, str], TextWeights] = WeakValueDictionary()
"""Weights of this process by the sha256 of their file and the language: bundles of one build hold them once."""


def _shared_weights(content: bytes, language: str) -> TextWeights:
    key = (hashlib.sha256(content).hexdigest(), language)
    weights = _WEIGHTS.get(key)
    if weights is None:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            weights = TextWeights.of({name: arrays[name] for name in arrays.files}, language)
        _WEIGHTS[key] = weights
    return weights


def _npz(weights: TextWeights) -> bytes:
    content = io.BytesIO()
    np.savez(content, **weights.arrays)  # type: ignore[arg-type]
    return content.getvalue()


def _json(fields: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(fields, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise ArtifactError(
            f"lineage, evaluation or decision cannot be stored as JSON ({error}); give NaN as None"
        ) from error
