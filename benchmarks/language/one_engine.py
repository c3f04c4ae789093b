"""The engine that benchmarks of language ask in their own process, and how their scripts end.

Importing it finds the package `harness`, which lies beside this folder.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from harness import unshadowed  # noqa: F401
from harness.home import home_of_its_own, keep, say, stop_at_signals, to_status

from components.releases import open_registry
from components.releases.aliases import trained_bundles
from metier.lake import Lake
from metier.settings import Settings
from serving.clock import OffsetClock
from serving.engine import Engine

__all__ = ["engine_of", "home_of_its_own", "keep", "say", "stop_at_signals", "to_status", "without_model"]


@contextmanager
def engine_of(settings: Settings, clock: OffsetClock | None = None) -> Iterator[Engine]:
    """An engine over the bundles of a home, by default at the clock of its lake."""
    pins = {name: served.bundle for name, served in trained_bundles(open_registry(settings)).items()}
    engine = Engine(settings, pins, clock or OffsetClock.starting_at(Lake(settings.lake).as_of()))
    try:
        yield engine
    finally:
        engine.close()


def without_model(settings: Settings) -> Settings:
    """The same, with no language model: neither for words nor to read searches."""
    return settings.model_copy(update={"llm_url": "", "query_model_url": "", "query_model": ""})
