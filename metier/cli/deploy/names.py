"""Which surface a registered name is of, as the commands are told it."""

from components.releases.registry import registered_name
from metier.contract import SURFACES, Surface
from metier.errors import UnknownNameError


def surface_of(name: str) -> Surface:
    """The surface whose bundles are registered by `name`; UnknownNameError for any other."""
    surfaces = {registered_name(surface): surface for surface in SURFACES}
    if name not in surfaces:
        raise UnknownNameError("bundle", name, tuple(surfaces))
    return surfaces[name]
