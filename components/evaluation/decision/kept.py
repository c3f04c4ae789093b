"""Where looks are kept: in the registry, with the champion that they were against, or with the name without one."""

from components.evaluation.decision.looks import Looks
from components.releases import Registry
from components.releases.aliases import pinned
from components.releases.registry import registered_name
from metier.contract import Surface
from metier.stored import as_json, from_json

TAG = "looks"


def spent_looks(registry: Registry, surface: Surface, champion: str) -> Looks:
    """What was spent against a champion, told as studies pin it; none at first. It is empty where retrieval serves."""
    name, version = _whose(surface, champion)
    told = registry.noted(name, version, TAG)
    return from_json(Looks, told) if told else Looks(champion)


def keep_looks(registry: Registry, surface: Surface, looks: Looks) -> None:
    """Write down what is spent; the name has to be registered."""
    name, version = _whose(surface, looks.champion)
    registry.note(name, version, TAG, as_json(looks))


def _whose(surface: Surface, champion: str) -> tuple[str, int | None]:
    pin = pinned(champion)
    return (registered_name(surface), None) if pin is None else (pin.name, pin.version)
