"""The registry of bundles, kept by MLflow; with registry_database the only module that imports mlflow.

A bundle is registered once per content, under the name of its surface. Aliases say which version is champion and which
challenger; a deployment pins (name, version, sha256). Knows no gate: whoever reads a decision calls promote.
"""

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from components.ranking.artifact import NEXT_MOVE
from components.releases.bundle import Bundle
from components.releases.promotions import Promotion
from components.releases.registry_database import RegistryDatabase
from metier.contract import Surface
from metier.errors import ArtifactError, RegistryError
from metier.stored import as_json, as_plain, from_json

Alias = Literal["champion", "challenger"]

EXPERIMENT = "metier"
ARTIFACT = "bundle"
PROMOTION = "promotion"
"""Tag of a promoted version: its Promotion as JSON."""
CHAMPION_VERSION = "champion_version"
"""Tag of a registered model: the version that was made champion last, so that a champion that is gone is missed."""
LONGEST_PARAM = 6_000
"""MLflow refuses longer ones; the bundle's manifest holds the whole."""
ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


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
        self._database = RegistryDatabase(uri)
        self._artifacts = artifacts.absolute()
        self._bundles = bundles.absolute()

    def __repr__(self) -> str:
        return f"Registry({self._database})"

    def register(
        self, folder: Path, metrics: Mapping[str, float], params: Mapping[str, object] | None = None
    ) -> RegisteredBundle:
        """Register the bundle in `folder`; the version it already has, where its sha256 is registered.

        `params` are recorded beside the facts of its manifest.
        """
        bundle = Bundle.load(folder)
        name = registered_name(bundle.manifest.surface)
        with self._database.errors_in_one_line(f"cannot register {bundle.version}"):
            client = self._database.client
            with self._database.exclusive():
                registered = client.search_model_versions(f"name='{name}' and tags.sha256='{bundle.sha256}'")
                if registered:
                    return _registered(registered[0])
                run_id, source = self._record(bundle, metrics, {**_facts(bundle), **(params or {})})
                if not client.search_registered_models(f"name='{name}'"):
                    client.create_registered_model(name)
                return _registered(client.create_model_version(name, source, run_id, tags=_tags(bundle)))

    def set_alias(self, name: str, alias: Alias, version: int) -> None:
        """Let `alias` mean this version from now on."""
        self.version(name, version)
        with self._database.errors_in_one_line(f"cannot set the {alias} of {name}"):
            self._database.client.set_registered_model_alias(name, alias, str(version))
            if alias == "champion":
                self._database.client.set_registered_model_tag(name, CHAMPION_VERSION, str(version))

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever registered here; known without opening a database of a server."""
        return self._database.is_new

    def require_reachable(self) -> None:
        """RegistryError where the database does not answer, or is a file that is not there."""
        if self.is_new:
            raise RegistryError(f"there is no registry at {self._database}; restore the file from a backup")
        _ = self._database.client

    def by_alias(self, name: str, alias: Alias) -> RegisteredBundle | None:
        """The version that `alias` means; None where it means none, or nothing has that name yet."""
        return self._lookup(f"cannot read the {alias} of {name}", lambda c: c.get_model_version_by_alias(name, alias))

    def champion(self, name: str) -> RegisteredBundle | None:
        """The champion; None where there never was one. RegistryError where there was and its version or alias is gone.

        Nothing but a champion keeps a challenger from being promoted as the first one.
        """
        champion = self.by_alias(name, "champion")
        if champion is None and not self.is_new:
            with self._database.errors_in_one_line(f"cannot read {name}"):
                models = self._database.client.search_registered_models(f"name='{name}'")
            lost = models[0].tags.get(CHAMPION_VERSION) if models else None
            if lost:
                raise RegistryError(
                    f"the champion of {name}, version {lost}, is gone from {self._database}; give the alias `champion` "
                    f"to a version of it in MLflow (`mlflow ui --backend-store-uri {self._database}`), or delete the "
                    f"tag `{CHAMPION_VERSION}` of {name} there to begin without one"
                )
        return champion

    def newest(self, name: str) -> RegisteredBundle:
        """The version registered last."""
        with self._database.errors_in_one_line(f"cannot read {name}"):
            versions = self._database.client.search_model_versions(f"name='{name}'", 1, ["version_number DESC"])
        if not versions:
            raise RegistryError(f"nothing is registered as {name!r} at {self._database}; {self._next_move()}")
        return _registered(versions[0])

    def promote(self, name: str, version: int, by: str, reason: str) -> Promotion:
        """Make this version the champion, and note on it who decided so, why, and which one it replaces.

        The champion itself is left as it is, with its note.
        """
        promoted, champion = self.version(name, version), self.by_alias(name, "champion")
        known = self.promotion(name, version) if champion == promoted else None
        if known is not None:
            return known
        replaced = champion.version if champion not in (None, promoted) else None
        promotion = Promotion(by, reason, datetime.now(UTC), replaced)
        self.note(name, version, PROMOTION, as_json(promotion))
        self.set_alias(name, "champion", version)
        return promotion

    def promotion(self, name: str, version: int) -> Promotion | None:
        """How a registered version became champion last; None where it never did, or nobody wrote it down."""
        told = self.noted(name, version, PROMOTION)
        return from_json(Promotion, told) if told else None

    def note(self, name: str, version: int | None, key: str, value: str) -> None:
        """Write something down with a registered version, or with the name itself where there is no version."""
        with self._database.errors_in_one_line(f"cannot note {key} of {name}"):
            client = self._database.client
            if version is None:
                client.set_registered_model_tag(name, key, value)
            else:
                client.set_model_version_tag(name, str(version), key, value)

    def noted(self, name: str, version: int | None, key: str) -> str | None:
        """What `note` wrote down; None where it did not, or nothing has that name or version yet."""
        if self.is_new:
            return None

        def query(client: Any) -> Any:
            return (
                client.get_registered_model(name) if version is None else client.get_model_version(name, str(version))
            )

        found = self._found(f"cannot read {key} of {name}", query)
        return None if found is None else found.tags.get(key)

    def fetch(self, name: str, version: int, sha256: str) -> Path:
        """Folder of the pinned bundle on this machine: copied from the registry where absent, verified in any case.

        ArtifactError when it is damaged. The registry is not asked for what is here already.
        """
        return self.load(RegisteredBundle(name, version, sha256)).folder

    def load(self, pin: RegisteredBundle, ranker_classes: tuple[str, ...] = ()) -> Bundle:
        """The pinned bundle from its folder on this machine; see `fetch`, and Bundle.load for `ranker_classes`."""
        folder = self._bundles / pin.name / f"{pin.version}-{pin.sha256[:12]}"
        if not folder.exists():
            self._copy(pin.name, pin.version, pin.sha256, folder)
        next_move = f"delete {folder} and fetch {pin.name} {pin.version} again"
        return _verified(folder, pin.sha256, str(folder), next_move, ranker_classes)

    def _copy(self, name: str, version: int, sha256: str, folder: Path) -> None:
        registered = self.version(name, version)
        if registered.sha256 != sha256:
            raise RegistryError(
                f"{name} {version} at {self._database} is {registered.sha256[:12]}, not the pinned {sha256[:12]}; "
                "pin what is registered"
            )
        with self._database.errors_in_one_line(f"cannot fetch {name} {version}"):
            from mlflow.artifacts import download_artifacts

            source = self._database.client.get_model_version_download_uri(name, str(version))
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder.parent) as temporary:
                copy = Path(download_artifacts(artifact_uri=source, dst_path=temporary))
                _verified(copy, sha256, source, "restore it from a backup, or fit and register anew")
                try:
                    os.rename(copy, folder)
                except OSError:
                    if not folder.exists():  # else another process was first
                        raise

    def _record(self, bundle: Bundle, metrics: Mapping[str, float], params: Mapping[str, object]) -> tuple[str, str]:
        """A finished MLflow run: its id and where the bundle's files lie."""
        from mlflow.entities import Metric, Param

        client = self._database.client
        existing = client.get_experiment_by_name(EXPERIMENT)
        experiment = (
            existing.experiment_id if existing else client.create_experiment(EXPERIMENT, self._artifacts.as_uri())
        )
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

    def version(self, name: str, version: int) -> RegisteredBundle:
        """A version that is registered; RegistryError, with those that are, for one that is not."""
        registered = self._lookup(f"cannot read {name} {version}", lambda c: c.get_model_version(name, str(version)))
        if registered is None:
            raise RegistryError(f"no version {version} of {name!r} at {self._database}; {self._next_move()}")
        return registered

    def _lookup(self, doing: str, query: Callable[[Any], Any]) -> RegisteredBundle | None:
        found = self._found(doing, query)
        return None if found is None else _registered(found)

    def _found(self, doing: str, query: Callable[[Any], Any]) -> Any:
        """What MLflow answers; None where there is nothing of that name."""
        with self._database.errors_in_one_line(doing):
            from mlflow.exceptions import MlflowException

            client = self._database.client
            try:
                return query(client)
            except MlflowException as error:
                if error.error_code in ABSENT:
                    return None
                raise

    def _next_move(self) -> str:
        """The next move after a name or version that does not exist."""
        with self._database.errors_in_one_line("cannot list bundles"):
            newest = self._database.client.search_model_versions(
                max_results=5, order_by=["last_updated_timestamp DESC"]
            )
        listed = ", ".join(f"{version.name} {version.version}" for version in newest)
        return f"use one of: {listed}" if listed else "register one with `metier pipeline run training`"


def _verified(folder: Path, sha256: str, location: str, next_move: str, ranker_classes: tuple[str, ...] = ()) -> Bundle:
    try:
        return Bundle.load(folder, sha256, ranker_classes=ranker_classes)
    except ArtifactError as error:
        raise ArtifactError(str(error).replace(str(folder), location).replace(NEXT_MOVE, next_move)) from error


def _registered(version: Any) -> RegisteredBundle:
    return RegisteredBundle(version.name, int(version.version), version.tags.get("sha256", ""))


def _tags(bundle: Bundle) -> dict[str, str]:
    decision, surface = bundle.decision, bundle.manifest.surface
    verdict, estimand = str(decision["verdict"]), str(decision.get("estimand"))
    return {"surface": surface, "sha256": bundle.sha256, "verdict": verdict, "estimand": estimand}


def _facts(bundle: Bundle) -> dict[str, object]:
    """What came from where, as far as it fits into a line each."""
    manifest = bundle.manifest
    plain = {key: value for key, value in as_plain(manifest).items() if isinstance(value, str | bool)}
    lineage = {f"lineage.{key}": value for key, value in manifest.lineage.items()}
    return {**plain, "code_version": manifest.code_version, **lineage}


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
