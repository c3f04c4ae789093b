"""`metier demo`: the whole loop on the embedded default, and one screen of what came of it."""

from metier.cli.demo.command import demo

__all__ = ["demo"]
