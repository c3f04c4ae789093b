"""A seeded two-sided marketplace: raw events in the contract's tables, and their truth beside them."""

from components.simulator.config import SimulatorConfig
from components.simulator.report import SimulationReport, render
from components.simulator.taxonomy import PlatformTaxonomy, platform_taxonomy
from components.simulator.world import simulate

__all__ = ["PlatformTaxonomy", "SimulationReport", "SimulatorConfig", "platform_taxonomy", "render", "simulate"]
