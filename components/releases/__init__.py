"""What is immutable and pinned: bundles, their registry, and releases of candidates."""

from components.releases.bundle import Bundle
from components.releases.candidates import Release
from components.releases.in_use import open_registry
from components.releases.registry import RegisteredBundle, Registry

__all__ = ["Bundle", "RegisteredBundle", "Registry", "Release", "open_registry"]
