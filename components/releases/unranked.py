"""What a surface without a bundle to serve is served from: its candidates and the shipped encoder, no ranker.

Retrieval orders, or popularity where there is nothing to retrieve by.
"""

from dataclasses import dataclass
from functools import cached_property

from feature_repo.texts import Encoder
from metier.contract import Surface


@dataclass(frozen=True)
class Unranked:
    """Stands where a bundle would."""

    surface: Surface

    @property
    def version(self) -> str:
        """Names its releases, and in logs what ordered a slate."""
        return f"{self.surface}-unranked"

    @property
    def reader(self) -> None:
        """Nothing reads what a text asks for."""
        return

    @cached_property
    def encoder(self) -> Encoder:
        """The shipped one."""
        return Encoder.load()
