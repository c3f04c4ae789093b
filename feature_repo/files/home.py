"""Where the embedded feature store lies: under METIER_HOME, from whatever folder Feast is called in."""

import functools
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.dialects import plugins
from sqlalchemy.engine import URL, CreateEnginePlugin, Engine, ExceptionContext

from metier.errors import RegistryChangedError
from metier.settings import load_settings

COLLISIONS = ("IntegrityError", "UniqueViolation")
"""What the drivers of SQLite and Postgres call it when a row was inserted meanwhile."""


@functools.cache
def home() -> Path:
    """METIER_HOME, resolved once a process: `feast apply` changes the current folder half-way."""
    return load_settings().home


def under_home(path: str) -> str:
    """`path` as an absolute path; a relative one lies under METIER_HOME."""
    return path if Path(path).is_absolute() else str(home() / path)


class HomePlugin(CreateEnginePlugin):
    """SQLAlchemy plug-in of Feast's registry, `metier_home`.

    Puts a relative SQLite database under METIER_HOME. Of two `feast apply` at once, Feast lets one fail, since it
    looks whether an object is there before it inserts it; the plug-in says so in one line.
    """

    def update_url(self, url: URL) -> URL:
        if url.get_backend_name() != "sqlite":
            return url
        database = Path(under_home(url.database or "registry.db"))
        database.parent.mkdir(parents=True, exist_ok=True)
        return url.set(database=str(database))

    def engine_created(self, engine: Engine) -> None:
        event.listen(engine, "handle_error", _registry_changed)


def _registry_changed(context: ExceptionContext) -> RegistryChangedError | None:
    """What SQLAlchemy raises in place of the driver's error; None: nothing else."""
    error = context.original_exception
    if type(error).__name__ in COLLISIONS or "already exists" in str(error):
        return RegistryChangedError(
            "another process changed the feature registry at the same moment; nothing is lost, run this again"
        )
    return None


# Stores import this module while Feast checks its configuration, before it opens the registry.
plugins.register("metier_home", __name__, HomePlugin.__name__)
