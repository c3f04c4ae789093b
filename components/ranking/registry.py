"""The registry of bundles: MLflow on SQLite or Postgres, and the only module that imports mlflow.

A bundle is registered once per content, under the name of its surface. Aliases say which version is champion and which
challenger; a deployment pins (name, version, sha256). Knows no gate: whoever reads a decision calls promote.
"""

import json
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from components.ranking.artifact import NEXT_MOVE
from components.ranking.bundle import Bundle
from metier.contract import Surface
from metier.errors import ArtifactError, RegistryError
from metier.locks import exclusively

Alias = Literal["champion", "challenger"]

EXPERIMENT = "metier"
ARTIFACT = "bundle"
PREVIOUS_CHAMPION = "previous_champion"
"""Tag of a promoted version: the version that it replaced, to which a rollback returns."""
CONNECT_SECONDS = 5
LOCK_SECONDS = 60.0
LONGEST_PARAM = 6_000
"""MLflow refuses longer ones; the bundle's manifest holds the whole."""
ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
ENVIRONMENT = {
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
}


@dataclass(frozen=True)
class RegisteredBundle:
    """What a deployment pins."""

    name: str
    version: int
    sha256: str


def registered_name(surface: Surface) -> str:
    """The name that bundles of a surface are registered under."""
    return f"metier_{surface}"


class Registry:
    """Bundles registered at `uri`, their files below `artifacts`, and this machine's copies below `bundles`.

    Nothing is opened before the first question. RegistryError when the database cannot be reached or holds no such
    bundle.
    """

    def __init__(self, uri: str, artifacts: Path, bundles: Path) -> None:
        self._uri = uri
        self._artifacts = artifacts.absolute()
        self._bundles = bundles.absolute()

    def __repr__(self) -> str:
        return f"Registry({self._shown})"

    def register(
        self, folder: Path, metrics: Mapping[str, float], params: Mapping[str, object] | None = None
    ) -> RegisteredBundle:
        """Register the bundle in `folder`; the version it already has, where its sha256 is registered.

        `params` are recorded beside the facts of its manifest.
        """
        bundle = Bundle.load(folder)
        name = registered_name(bundle.manifest.surface)
        with self._told(f"cannot register {bundle.version}"):
            client = self._client
            with self._alone():
                known = client.search_model_versions(f"name='{name}' and tags.sha256='{bundle.sha256}'")
                if known:
                    return _registered(known[0])
                run_id, source = self._record(bundle, metrics, {**_facts(bundle), **(params or {})})
                if not client.search_registered_models(f"name='{name}'"):
                    client.create_registered_model(name)
                return _registered(client.create_model_version(name, source, run_id, tags=_tags(bundle)))

    def set_alias(self, name: str, alias: Alias, version: int) -> None:
        """Let `alias` mean this version from now on."""
        self._version(name, version)
        with self._told(f"cannot set the {alias} of {name}"):
            self._client.set_registered_model_alias(name, alias, str(version))

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever registered here; known without opening a database of a server."""
        return self._url.get_backend_name() == "sqlite" and not Path(self._url.database).exists()

    def by_alias(self, name: str, alias: Alias) -> RegisteredBundle | None:
        """The version that `alias` means; None where it means none, or nothing has that name yet."""
        return self._found(f"cannot read the {alias} of {name}", lambda c: c.get_model_version_by_alias(name, alias))

    def newest(self, name: str) -> RegisteredBundle:
        """The version registered last."""
        with self._told(f"cannot read {name}"):
            found = self._client.search_model_versions(f"name='{name}'", 1, ["version_number DESC"])
        if not found:
            raise RegistryError(f"nothing is registered as {name!r} at {self._shown}; {self._registered_there()}")
        return _registered(found[0])

    def promote(self, name: str, version: int) -> RegisteredBundle:
        """Make this version the champion, and note on it which one it replaces."""
        promoted, champion = self._version(name, version), self.by_alias(name, "champion")
        if champion != promoted:
            if champion is not None:
                with self._told(f"cannot promote {name} {version}"):
                    self._client.set_model_version_tag(name, str(version), PREVIOUS_CHAMPION, str(champion.version))
            self.set_alias(name, "champion", version)
        return promoted

    def fetch(self, name: str, version: int, sha256: str) -> Path:
        """Folder of the pinned bundle on this machine: copied from the registry where absent, verified in any case.

        ArtifactError when it is damaged. The registry is not asked for what is here already.
        """
        folder = self._bundles / name / f"{version}-{sha256[:12]}"
        if folder.exists():
            _verify(folder, sha256, str(folder), f"delete {folder} and fetch {name} {version} again")
        else:
            self._copy(name, version, sha256, folder)
        return folder

    def _copy(self, name: str, version: int, sha256: str, folder: Path) -> None:
        registered = self._version(name, version)
        if registered.sha256 != sha256:
            raise RegistryError(
                f"{name} {version} at {self._shown} is {registered.sha256[:12]}, not the pinned {sha256[:12]}; "
                "pin what is registered"
            )
        with self._told(f"cannot fetch {name} {version}"):
            from mlflow.artifacts import download_artifacts

            source = self._client.get_model_version_download_uri(name, str(version))
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder.parent) as beside:
                copy = Path(download_artifacts(artifact_uri=source, dst_path=beside))
                _verify(copy, sha256, source, "restore it from a backup, or fit and register anew")
                try:
                    os.rename(copy, folder)
                except OSError:
                    if not folder.exists():  # else another process was first
                        raise

    def _record(self, bundle: Bundle, metrics: Mapping[str, float], params: Mapping[str, object]) -> tuple[str, str]:
        """A finished MLflow run: its id and where the bundle's files lie."""
        from mlflow.entities import Metric, Param

        client = self._client
        known = client.get_experiment_by_name(EXPERIMENT)
        experiment = known.experiment_id if known else client.create_experiment(EXPERIMENT, self._artifacts.as_uri())
        run = client.create_run(experiment, tags=_tags(bundle), run_name=bundle.version).info
        as_of_ms = int(bundle.manifest.as_of.timestamp() * 1_000)
        status = "FAILED"
        try:
            client.log_batch(
                run.run_id,
                [Metric(key, value, as_of_ms, 0) for key, value in metrics.items()],
                [Param(key, _text(value)[:LONGEST_PARAM]) for key, value in params.items()],
            )
            client.log_artifacts(run.run_id, str(bundle.folder), ARTIFACT)
            status = "FINISHED"
        finally:
            client.set_terminated(run.run_id, status)
        return run.run_id, f"{run.artifact_uri}/{ARTIFACT}"

    def _version(self, name: str, version: int) -> RegisteredBundle:
        found = self._found(f"cannot read {name} {version}", lambda c: c.get_model_version(name, str(version)))
        if found is None:
            raise RegistryError(f"no version {version} of {name!r} at {self._shown}; {self._registered_there()}")
        return found

    def _found(self, doing: str, question: Callable[[Any], Any]) -> RegisteredBundle | None:
        with self._told(doing):
            from mlflow.exceptions import MlflowException

            client = self._client
            try:
                return _registered(question(client))
            except MlflowException as error:
                if error.error_code in ABSENT:
                    return None
                raise

    def _registered_there(self) -> str:
        """The next move after a name or version that does not exist."""
        with self._told("cannot list bundles"):
            newest = self._client.search_model_versions(max_results=5, order_by=["last_updated_timestamp DESC"])
        listed = ", ".join(f"{each.name} {each.version}" for each in newest)
        return f"use one of: {listed}" if listed else "register one with `metier pipeline run training`"

    @cached_property
    def _client(self) -> Any:
        with self._told("cannot open the registry"), self._alone():
            self._reach()
            from mlflow import MlflowClient

            address = self._address
            warnings.filterwarnings("ignore", category=DeprecationWarning, module="mlflow")
            client = MlflowClient(address, address)
            client.search_registered_models(max_results=1)  # opens the second store, which migrates too
            return client

    def _reach(self) -> None:
        """One attempt: MLflow's own would be ten, over two minutes."""
        from sqlalchemy import create_engine, inspect
        from sqlalchemy.pool import NullPool

        try:
            inspect(create_engine(self._address, poolclass=NullPool)).get_table_names()
        except ImportError as error:
            raise RegistryError(
                f"{self._shown} needs the driver {error.name}, which is not installed; "
                "run `pip install 'psycopg[binary]'`"
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
    def _shown(self) -> str:
        """The URI without its password."""
        return str(self._url.render_as_string(hide_password=True))

    @property
    def _address(self) -> str:
        """The URI with a limit on the time that connecting may take, unless it has one."""
        url = self._url
        if url.get_backend_name() == "postgresql" and "connect_timeout" not in url.query:
            url = url.update_query_dict({"connect_timeout": str(CONNECT_SECONDS)})
        return str(url.render_as_string(hide_password=False))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other process migrates or registers meanwhile, where the database is a file: SQLite cannot see to it."""
        if self._url.get_backend_name() != "sqlite":
            yield
            return
        path = Path(f"{self._url.database}.lock")
        path.parent.mkdir(parents=True, exist_ok=True)
        held = RegistryError(f"{path} was held for {LOCK_SECONDS:g} s; end the process that holds it")
        with exclusively(path, held, LOCK_SECONDS):
            yield

    @contextmanager
    def _told(self, doing: str) -> Iterator[None]:
        """Whatever MLflow, SQLAlchemy or the disk raise becomes one line. The first import of mlflow is in here."""
        os.environ.update(ENVIRONMENT)
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except (MlflowException, SQLAlchemyError, OSError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise RegistryError(
                f"{doing} at {self._shown}: {reason}; check METIER_REGISTRY_URI, the database and the disk"
            ) from error


def _verify(folder: Path, sha256: str, place: str, next_move: str) -> None:
    try:
        Bundle.load(folder, sha256)
    except ArtifactError as error:
        raise ArtifactError(str(error).replace(str(folder), place).replace(NEXT_MOVE, next_move)) from error


def _registered(version: Any) -> RegisteredBundle:
    return RegisteredBundle(version.name, int(version.version), version.tags.get("sha256", ""))


def _tags(bundle: Bundle) -> dict[str, str]:
    decision, surface = bundle.decision, bundle.manifest.surface
    verdict, estimand = str(decision["verdict"]), str(decision.get("estimand"))
    return {"surface": surface, "sha256": bundle.sha256, "verdict": verdict, "estimand": estimand}


def _facts(bundle: Bundle) -> dict[str, object]:
    """What came from where, as far as it fits into a line each."""
    manifest = bundle.manifest
    plain = {key: value for key, value in manifest.as_dict().items() if isinstance(value, str | bool)}
    lineage = {f"lineage.{key}": value for key, value in manifest.lineage.items()}
    return {**plain, "code_version": manifest.code_version, **lineage}


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
