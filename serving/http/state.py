"""What an engine tells of itself: what is served, and whether it is ready. Knows no route."""

from typing import Any

from components.releases import Bundle
from feature_repo.online.freshness import Age
from metier.contract import Surface
from serving.engine import Engine

UNRANKED = "no champion: served by retrieval"
"""The verdict of a surface without a bundle."""


def served_bundles(engine: Engine) -> dict[str, Any]:
    """What is served, by surface: what is pinned since when, or that there is no champion; what was refused last."""
    return {
        surface: {
            **_pinned(engine, surface, stages.ranked),
            **_refused(engine, surface),
            "bundle": stages.bundle.version,
            "snapshot_version": stages.candidates.version,
        }
        for surface, stages in engine.stages.items()
    }


def readiness(engine: Engine) -> dict[str, Any]:
    """Whether changes are read, the newest of them, and how old the values of each surface's candidates are."""
    now = engine.now()
    served = {
        surface: {
            "snapshot_version": stages.candidates.version,
            "candidates": len(stages.candidates),
            "views": {age.view: _age_figures(age) for age in engine.ages(stages, now)},
        }
        for surface, stages in engine.stages.items()
    }
    status = "ready" if engine.caught_up else "reading changes"
    return {"status": status, "sequence": engine.follower.sequence, "surfaces": served}


def _pinned(engine: Engine, surface: Surface, bundle: Bundle | None) -> dict[str, Any]:
    """The pin of a surface and what its bundle is; that there is none where retrieval serves."""
    if bundle is None:
        return {"verdict": UNRANKED}
    report = engine.deployed.reports[surface]
    return {
        **vars(engine.pins[surface]),
        "since": report.since,
        "as_of": bundle.manifest.as_of,
        "verdict": bundle.decision["verdict"],
        "features": len(bundle.manifest.feature_names),
    }


def _refused(engine: Engine, surface: Surface) -> dict[str, Any]:
    """The bundle that this replica refused last, and why; nothing where it refused none."""
    refused = engine.deployed.reports[surface].refused
    return {} if refused is None else {"refused": {**vars(refused.bundle), "why": refused.why, "at": refused.at}}


def _age_figures(age: Age) -> dict[str, Any]:
    return {
        "age_seconds": age.age.total_seconds(),
        "limit_seconds": age.limit.total_seconds(),
        "stale": age.stale,
    }
