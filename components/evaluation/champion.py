"""The champion that a challenger is compared with: it scores the same pairs, by its own features. Decides nothing."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from components.evaluation.measure import order
from components.measures.arrays import Floats
from components.ranking import Ensemble
from components.releases import Bundle, open_registry
from components.releases.aliases import pinned
from components.releases.release_builder import vectors_by
from components.training_sets.assemble import FeatureStore, assemble
from components.training_sets.plan import Study
from feature_repo.build.corpus import distinct_query_texts, distinct_texts
from feature_repo.inputs.schema import feature_schema_hash
from feature_repo.inputs.transforms import feature_names
from feature_repo.texts import TextVectors
from metier.errors import FeatureMismatchError
from metier.lake import Lake
from metier.settings import Settings

CHAMPION = "champion"


@dataclass(frozen=True)
class Champion:
    """`bundle` is registered and ranks the surface; `vectors` are None where it reads the challenger's features."""

    bundle: Bundle
    vectors: TextVectors | None = None
    """Of every text of the lake, by the bundle's text weights and encoder."""

    @property
    def label(self) -> str:
        """Names it in reports."""
        return self.bundle.version

    def scores(self, features: Floats, queries: pa.Table, pairs: pa.Table, store: FeatureStore) -> NDArray[np.float64]:
        """What it orders the pairs by (n_pairs,); `features` are the challenger's, queries and pairs as of `assemble`.

        FeatureMismatchError where it reads a feature that this version does not make.
        """
        if self.vectors is not None:
            manifest, reader = self.bundle.manifest, self.bundle.reader
            own = assemble(
                manifest.surface, queries, pairs, store, self.vectors, manifest.candidate_counts, read=reader
            )
            features = own[:, self._columns]
        return order(self.bundle.ensemble, features)

    @cached_property
    def _columns(self) -> list[int]:
        """Where its features are among those that this version makes."""
        manifest = self.bundle.manifest
        made = {name: place for place, name in enumerate(feature_names(manifest.surface, manifest.candidate_counts))}
        unknown = [name for name in manifest.feature_names if name not in made]
        if unknown:
            raise FeatureMismatchError(
                f"the champion {self.label} reads {', '.join(unknown)}, which this version does not make; compare it "
                "by the version that trained it, or replace it by `metier promote NAME VERSION --reason TEXT`"
            )
        return [made[name] for name in manifest.feature_names]


def read_champion(
    study: Study, ensemble: Ensemble, vectors: TextVectors, encoder_hash: str, settings: Settings, as_of: datetime
) -> Champion | None:
    """The study's champion, fetched; None where there is none yet.

    `ensemble`, `vectors` and encoder say what its challenger reads. The texts are those known at `as_of`.
    """
    pin = pinned(study.champion)
    if pin is None:
        return None
    bundle = open_registry(settings).load(pin, settings.ranker_classes)
    current = feature_schema_hash(ensemble.feature_names, vectors.weights, encoder_hash)
    if bundle.manifest.feature_schema_hash == current:
        return Champion(bundle)
    return Champion(bundle, _vectors_of(bundle, vectors, encoder_hash, Lake(settings.lake), as_of))


def _vectors_of(bundle: Bundle, vectors: TextVectors, encoder_hash: str, lake: Lake, as_of: datetime) -> TextVectors:
    """Every text known at `as_of`, typed ones too, by the bundle's weights and encoder.

    `vectors` hold their embeddings by the encoder of that hash.
    """
    weights = bundle.text_weights
    typed = dict(zip(*distinct_query_texts(lake, as_of), strict=True))
    if bundle.manifest.encoder_hash == encoder_hash:
        rows = vectors.rows(list(typed))
        known = [(key, text) for (key, text), row in zip(typed.items(), rows, strict=True) if row >= 0]
        keys, texts = [key for key, _ in known], [text for _, text in known]
        return vectors_by(weights, vectors, lake, as_of).extended(keys, texts, vectors.dense_at(rows[rows >= 0]))
    cards = distinct_texts(lake, as_of)
    own = TextVectors.fitted(weights).extended(
        cards.keys, cards.texts, bundle.encoder.encode_cards(cards.texts), cards.titles
    )
    return own.extended(list(typed), list(typed.values()), bundle.encoder.encode_queries(list(typed.values())))
