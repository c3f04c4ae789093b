"""The champion that a challenger is compared with, where its rankers read the same features. Decides nothing."""

from dataclasses import dataclass

from components.ranking import Ensemble
from components.releases import Bundle, open_registry
from components.releases.aliases import pinned
from components.training_sets.plan import Study
from feature_repo.inputs.schema import feature_schema_hash
from feature_repo.texts import TextVectors
from metier.settings import Settings

CHAMPION = "champion"


@dataclass(frozen=True)
class Champion:
    """`label` is None where there is no champion yet, `ensemble` None where its features differ."""

    label: str | None = None
    ensemble: Ensemble | None = None

    @property
    def rankers(self) -> dict[str, Ensemble]:
        """The champion as a ranker of its own, or nothing."""
        return {CHAMPION: self.ensemble} if self.ensemble else {}


def read_champion(
    study: Study, ensemble: Ensemble, vectors: TextVectors, encoder_hash: str, settings: Settings
) -> Champion:
    """The study's champion, fetched; `ensemble`, `vectors` and encoder say what its challenger reads."""
    pin = pinned(study.champion)
    if pin is None:
        return Champion()
    bundle = Bundle.load(
        open_registry(settings).fetch(pin.name, pin.version, pin.sha256),
        pin.sha256,
        ranker_classes=settings.ranker_classes,
    )
    current = feature_schema_hash(ensemble.feature_names, vectors.weights, encoder_hash)
    return Champion(bundle.version, bundle.ensemble if bundle.manifest.feature_schema_hash == current else None)
