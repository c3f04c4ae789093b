"""A seeded two-sided marketplace: raw events in the contract's tables, and their truth beside them."""

from components.data.simulator.config import SimulatorConfig
from components.data.simulator.report import SimulationReport, render
from components.data.simulator.taxonomy import PlatformTaxonomy, platform_taxonomy
from components.data.simulator.world import simulate

__all__ = ["PlatformTaxonomy", "SimulationReport", "SimulatorConfig", "platform_taxonomy", "render", "simulate"]
