"""What a replica says of the bundles that it serves and that it refused, in a file of its own folder.

Whoever deploys reads those of all replicas that run. Knows no bundle's content.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from components.releases import RegisteredBundle
from metier.contract import Surface
from metier.durable import write_whole
from metier.stored import Moment, as_json, from_json
from serving.own_folder import running_folders

FILE = "deployed.json"


@dataclass(frozen=True)
class Refusal:
    """A bundle that a replica would not serve, and why."""

    bundle: RegisteredBundle
    why: str
    at: Moment


@dataclass(frozen=True)
class SurfaceReport:
    """What serves a surface since when (None: what nothing was trained for), and what was refused last."""

    serving: RegisteredBundle | None = None
    since: Moment | None = None
    looked_at: str = ""
    """The proposal that was looked at last: refused, or held ready."""
    refused: Refusal | None = None


@dataclass(frozen=True)
class ReplicaReport:
    """What one replica says; `process` tells people which it is."""

    process: str
    surfaces: Mapping[Surface, SurfaceReport] = field(default_factory=dict)


def leave_report(folder: Path, report: ReplicaReport) -> None:
    """Put a replica's report into its folder."""
    write_whole(folder / FILE, as_json(report))


def reports_of_running(replicas: Path) -> dict[str, ReplicaReport | None]:
    """By the name of its folder, what each replica that runs says; None of one that has not said anything yet."""
    reports: dict[str, ReplicaReport | None] = {}
    for folder in running_folders(replicas):
        try:
            reports[folder.name] = from_json(ReplicaReport, (folder / FILE).read_bytes())
        except FileNotFoundError:
            reports[folder.name] = None
    return reports
