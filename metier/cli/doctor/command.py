"""The command: asks everything, prints a line a finding, exits with 1 where one is a failure."""

import json
from collections.abc import Iterator
from dataclasses import asdict

import typer

from metier.cli.doctor.finding import Finding
from metier.cli.doctor.machine import check_endpoint, check_home, check_memory, check_versions
from metier.cli.doctor.stores import check_lake, check_stores
from metier.cli.output import JsonOption
from metier.settings import Settings, load_settings


def doctor(as_json: JsonOption = False) -> None:
    """Look at versions, METIER_HOME, disk, stores, the endpoint's port and memory: what would fail, and the next move.

    Exit status 1 where something fails. Reads only; a store that does not answer costs five seconds.

    Example: metier doctor
    """
    findings = list(examine(load_settings()))
    failed = any(finding.status == "fail" for finding in findings)
    if as_json:
        print(json.dumps({"ok": not failed, "findings": [asdict(finding) for finding in findings]}))
    else:
        print("\n".join(finding.render() for finding in findings))
    if failed:
        raise typer.Exit(1)


def examine(settings: Settings) -> Iterator[Finding]:
    """Every finding, in the order in which they are printed."""
    yield from check_versions()
    yield from check_home(settings)
    lake, counts = check_lake(settings)
    yield lake
    yield from check_stores(settings)
    yield from check_endpoint(settings)
    yield from check_memory(counts, settings)
