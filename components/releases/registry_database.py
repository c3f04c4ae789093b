"""The registry's database: its address, one reachable client, one writer at a time, and errors of one line.

A SQLite file or a Postgres database, by MLflow. Knows no bundle and no alias.
"""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from metier.errors import RegistryError, first_line
from metier.locks import exclusively

CONNECT_SECONDS = 5
LOCK_SECONDS = 60.0
ENVIRONMENT = {
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
}


class RegistryDatabase:
    """What lies at `uri`. Nothing is opened before the first question."""

    def __init__(self, uri: str) -> None:
        self._uri = uri

    def __str__(self) -> str:
        """The URI without its password."""
        return str(self._url.render_as_string(hide_password=True))

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever registered here; known without opening a database of a server."""
        return self._url.get_backend_name() == "sqlite" and not Path(self._url.database).exists()

    @cached_property
    def client(self) -> Any:
        """MLflow's client; RegistryError where the database cannot be reached."""
        with self.errors_in_one_line("cannot open the registry"), self.exclusive():
            self._connect_once()
            from mlflow import MlflowClient

            address = self._address
            warnings.filterwarnings("ignore", category=DeprecationWarning, module="mlflow")
            client = MlflowClient(address, address)
            client.search_registered_models(max_results=1)  # opens the second store, which migrates too
            return client

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """No other process migrates or registers meanwhile, where the database is a file: SQLite cannot see to it."""
        if self._url.get_backend_name() != "sqlite":
            yield
            return
        path = Path(f"{self._url.database}.lock")
        path.parent.mkdir(parents=True, exist_ok=True)
        refusal = RegistryError(f"{path} was held for {LOCK_SECONDS:g} s; end the process that holds it")
        with exclusively(path, refusal, LOCK_SECONDS):
            yield

    @contextmanager
    def errors_in_one_line(self, doing: str) -> Iterator[None]:
        """Whatever MLflow, SQLAlchemy or the disk raise becomes one line. The first import of mlflow is in here."""
        os.environ.update(ENVIRONMENT)
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except (MlflowException, SQLAlchemyError, OSError) as error:
            reason = first_line(error) or type(error).__name__
            raise RegistryError(
                f"{doing} at {self}: {reason}; check METIER_REGISTRY_URI, the database and the disk"
            ) from error

    def _connect_once(self) -> None:
        """One attempt: MLflow's own would be ten, over two minutes."""
        from sqlalchemy import create_engine, inspect
        from sqlalchemy.pool import NullPool

        try:
            inspect(create_engine(self._address, poolclass=NullPool)).get_table_names()
        except ImportError as error:
            raise RegistryError(
                f"{self} needs the driver {error.name}, which is not installed; run `pip install 'psycopg[binary]'`"
            ) from error

    @cached_property
    def _url(self) -> Any:
        from sqlalchemy import make_url
        from sqlalchemy.exc import ArgumentError

        usable = "set METIER_REGISTRY_URI to sqlite:///PATH or postgresql://USER@HOST/DATABASE"
        try:
            url = make_url(self._uri)
        except ArgumentError as error:
            raise RegistryError(f"the registry's URI is no database URL; {usable}") from error
        if url.get_backend_name() not in ("sqlite", "postgresql") or not url.database:
            raise RegistryError(f"{url.render_as_string()} is no SQLite file and no Postgres database; {usable}")
        return url

    @property
    def _address(self) -> str:
        """The URI with a limit on the time that connecting may take, unless it has one."""
        url = self._url
        if url.get_backend_name() == "postgresql" and "connect_timeout" not in url.query:
            url = url.update_query_dict({"connect_timeout": str(CONNECT_SECONDS)})
        return str(url.render_as_string(hide_password=False))
