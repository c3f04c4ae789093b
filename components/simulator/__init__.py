"""A seeded two-sided marketplace: raw events in the contract's tables, and their truth beside them."""

from components.simulator.config import SimulatorConfig
from components.simulator.summary import WorldSummary, render
from components.simulator.taxonomy import PlatformTaxonomy, platform_taxonomy
from components.simulator.world import simulate, stored_config

__all__ = [
    "PlatformTaxonomy",
    "SimulatorConfig",
    "WorldSummary",
    "platform_taxonomy",
    "render",
    "simulate",
    "stored_config",
]
