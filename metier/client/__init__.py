"""A small typed client of the endpoint: rankings, feedback and new versions, each sent again once where that helps."""

from metier.client.client import Client
from metier.client.slates import Interaction, Ranked, Slate, Version

__all__ = ["Client", "Interaction", "Ranked", "Slate", "Version"]
