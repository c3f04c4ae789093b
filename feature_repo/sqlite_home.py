"""SQLite files of the embedded feature store, found under METIER_HOME from whatever folder Feast is called in.

Feast resolves a relative SQLite path against the caller's folder (registry) or against the repository (online store).
Here both mean the same place as everywhere in metier. An absolute path stays as it is.
"""

import functools
from pathlib import Path

from feast.infra.online_stores.sqlite import SqliteOnlineStore, SqliteOnlineStoreConfig
from pydantic import Field, StrictStr, field_validator
from sqlalchemy.dialects import plugins
from sqlalchemy.engine import URL, CreateEnginePlugin

from metier.settings import load_settings


@functools.cache
def home() -> Path:
    """METIER_HOME, resolved once a process: `feast apply` changes the current folder half-way."""
    return load_settings().home


def under_home(path: str) -> str:
    """`path` as an absolute path; a relative one lies under METIER_HOME."""
    return path if Path(path).is_absolute() else str(home() / path)


class HomePlugin(CreateEnginePlugin):
    """SQLAlchemy plug-in, asked for by `?plugin=metier_home`: puts a relative SQLite database under METIER_HOME."""

    def update_url(self, url: URL) -> URL:
        database = Path(under_home(url.database or "registry.db"))
        database.parent.mkdir(parents=True, exist_ok=True)
        return url.set(database=str(database))


# Feast imports this module while it checks feature_store.yaml, before it opens the registry.
plugins.register("metier_home", __name__, HomePlugin.__name__)


class HomeSqliteOnlineStoreConfig(SqliteOnlineStoreConfig):
    """Feast's SQLite online store with its file under METIER_HOME."""

    path: StrictStr = Field(default="online_store.db", validate_default=True)

    @field_validator("type", mode="before")
    @classmethod
    def _as_feast_calls_it(cls, kind: str) -> str:
        """Feast plans changes, and says that there are none, for a store of this type only."""
        return "sqlite"

    @field_validator("path")
    @classmethod
    def _under_home(cls, path: str) -> str:
        return under_home(path)


class HomeSqliteOnlineStore(SqliteOnlineStore):
    """Feast's SQLite online store; Feast finds it beside its configuration."""
