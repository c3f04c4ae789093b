"""Versions of metier and of the libraries that it was declared against."""

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement

DISTRIBUTION = "metier"
NOT_INSTALLED = "not installed"


def installed_version(distribution: str = DISTRIBUTION) -> str:
    """The version that is installed, or that none is."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return NOT_INSTALLED


def requirements() -> Iterator[Requirement]:
    """What metier declares to need, extras aside; nothing where metier runs from a folder and is not installed."""
    try:
        declared = requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        return
    for line in declared:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement
