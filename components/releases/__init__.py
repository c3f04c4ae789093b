"""What is immutable and pinned: bundles, their registry, and releases of candidates."""

from components.releases.aliases import open_registry
from components.releases.bundle import Bundle
from components.releases.registry import RegisteredBundle, Registry

__all__ = ["Bundle", "RegisteredBundle", "Registry", "open_registry"]
