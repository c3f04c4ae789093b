"""The only Feast client: registers the features, reads them for training, loads and reads the online store.

Training and serving answer with the same columns, types and values. Knows nothing of labels, rankers or HTTP.
"""

import contextlib
import functools
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import yaml
from feast import FeatureStore, FeatureView
from feast.errors import FeatureViewNotFoundException
from sqlalchemy.exc import SQLAlchemyError

from feature_repo.definitions import ENTITIES, SERVICES, VIEWS
from feature_repo.files.whole_folder import settle
from feature_repo.inputs.covisits import FOLDER, Covisits
from feature_repo.offline.asof_sql import VersionTable
from feature_repo.views import APPLY, view_of
from metier.contract import Surface
from metier.durable import replacing
from metier.errors import FeatureError, RegistryChangedError, UnknownNameError
from metier.settings import Settings
from metier.surfaces import surface_spec

REPOSITORY = Path(__file__).resolve().parent
EVENT_TIMESTAMP = "event_timestamp"
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

_JOIN_KEYS: dict[str, str] = {entity.name: entity.join_key for entity in ENTITIES}


def service_views(service: str) -> tuple[str, ...]:
    """Names of the views of a feature service, in its order."""
    for declared in SERVICES:
        if declared.name == service:
            return tuple(projection.name for projection in declared.feature_view_projections)
    raise UnknownNameError("feature service", service, tuple(declared.name for declared in SERVICES))


def declared_view(name: str) -> FeatureView:
    """The declared view of this name; UnknownNameError where there is none."""
    for view in VIEWS:
        if view.name == name:
            return view
    raise UnknownNameError("feature view", name, tuple(view.name for view in VIEWS))


def render_feature_store_yaml(settings: Settings) -> Path:
    """Write `feature_store.yaml` with absolute paths into METIER_HOME, for `feast -c feature_repo -f PATH ...`.

    Shared stores where settings name them. The file may hold their passwords: its owner alone can read it.
    """
    shared = bool(settings.online_store_url)
    source = "feature_store.production.yaml" if shared else "feature_store.yaml"
    config = yaml.safe_load((REPOSITORY / source).read_text())
    if shared:
        config["registry"]["path"] = settings.feature_registry_uri.replace("postgresql://", "postgresql+psycopg://")
        config["online_store"]["connection_string"] = settings.online_store_url
    else:
        config["registry"]["path"] = f"sqlite:///{settings.home / 'registry.db'}"
        config["online_store"]["path"] = str(settings.home / "online_store.db")
    config["offline_store"]["folder"] = str(settings.features)
    text = f"# Written by metier from feature_repo/{source}.\n" + yaml.safe_dump(config, sort_keys=False)
    path = settings.home / "feature_store.yaml"
    if not path.exists() or path.read_text() != text:
        with replacing(path) as temporary:
            temporary.touch(0o600)
            temporary.write_text(text)
    return path


class FeatureStoreClient:
    """Feast under one METIER_HOME.

    `timeout_seconds` is the longest wait for one answer of the online store; None: half a minute, for batch work.
    """

    def __init__(self, settings: Settings, timeout_seconds: float | None = None) -> None:
        self.settings = settings
        self._timeout_seconds = timeout_seconds
        self._checked: dict[tuple[str, ...], list[FeatureView]] = {}

    @functools.cached_property
    def store(self) -> FeatureStore:
        """Feast's own client, for what this one does not wrap."""
        store = FeatureStore(repo_path=str(REPOSITORY), fs_yaml_file=render_feature_store_yaml(self.settings))
        try:
            store.refresh_registry()
        except SQLAlchemyError as error:
            fact = str(getattr(error, "orig", error)).strip().splitlines()[0]
            raise FeatureError(
                f"the feature registry cannot be opened ({fact}); see that it runs and what "
                "METIER_FEATURE_REGISTRY_URI and METIER_HOME say"
            ) from error
        if self._timeout_seconds is not None:
            store.config.online_store.timeout_seconds = self._timeout_seconds
        return store

    def apply(self) -> None:
        """Register every Feast object and create its online table; where both exist, nothing changes."""
        try:
            self.store.apply([*ENTITIES, *VIEWS, *SERVICES])
        except RegistryChangedError:  # by a process that registered the same
            self.store.apply([*ENTITIES, *VIEWS, *SERVICES])
        self.store.refresh_registry()
        self._checked.clear()

    def training_features(self, entity_rows: pa.Table, views: Sequence[str]) -> pa.Table:
        """`entity_rows` and, appended as `<view>__<feature>`, what was known of their keys at `event_timestamp`.

        Rows, their order and their own columns are kept. FeatureError names an unknown view or a missing column.
        """
        chosen = self._registered(views)
        _require_columns(entity_rows, [EVENT_TIMESTAMP, *map(_join_key, chosen)])
        stored = self.store.get_historical_features(
            entity_df=entity_rows,
            features=_references(chosen),
            full_feature_names=True,
            filter_by_created_timestamp=True,
        ).to_arrow()
        return _with_columns(entity_rows, {name: _conform(stored[name], kind) for name, kind in _columns(chosen)})

    def serving_features(self, entity_rows: pa.Table, views: Sequence[str]) -> pa.Table:
        """`entity_rows` and, appended as in training, the online store's values; null where it has none."""
        chosen = self._registered(views)
        keys = list(dict.fromkeys(map(_join_key, chosen)))
        _require_columns(entity_rows, keys)
        stored = self.store.get_online_features(
            features=_references(chosen),
            entity_rows={key: entity_rows[key].fill_null("").to_pylist() for key in keys},
            full_feature_names=True,
        ).to_dict()
        return _with_columns(entity_rows, {name: pa.array(stored[name], kind) for name, kind in _columns(chosen)})

    def covisits(self, surface: Surface) -> Covisits:
        """Which candidates of the surface the same actors turned to, as of the last build; mapped."""
        folder = self.settings.features / FOLDER / surface_spec(surface).side
        settle(folder)
        return Covisits.read(folder)

    def materialize(self, end: datetime, start: datetime = BEGINNING) -> int:
        """Load each key's newest values between `start` and `end` into the online store; the number of rows loaded."""
        self._registered([view.name for view in VIEWS])
        with contextlib.redirect_stdout(io.StringIO()):
            self.store.materialize(start_date=start, end_date=end)
        store = self.store.config.offline_store
        tables = [
            VersionTable(str(store.path(view.batch_source)), (_join_key(view),), EVENT_TIMESTAMP) for view in VIEWS
        ]
        return sum(store.reader().count_keys(table, start, end) for table in tables)

    def _registered(self, views: Sequence[str]) -> list[FeatureView]:
        """The declared views of these names; FeatureError where the registry does not hold one as declared.

        Asked once: the registry builds every view anew for each question.
        """
        if tuple(views) not in self._checked:
            self._checked[tuple(views)] = self._from_registry(views)
        return self._checked[tuple(views)]

    def _from_registry(self, views: Sequence[str]) -> list[FeatureView]:
        declared = {view.name: view for view in VIEWS}
        for name in views:
            if name not in declared:
                raise FeatureError(f"no feature view {name!r}; use some of: {', '.join(declared)}")
            try:
                registered = {
                    field.name for field in self.store.get_feature_view(name, allow_registry_cache=True).features
                }
            except FeatureViewNotFoundException as error:
                raise FeatureError(f"feature view {name} is not registered; {APPLY}") from error
            missing = [field.name for field in declared[name].features if field.name not in registered]
            if missing:
                raise FeatureError(f"the registered feature view {name} lacks {missing}; {APPLY}")
        return [declared[name] for name in views]


def _join_key(view: FeatureView) -> str:
    return _JOIN_KEYS[view.entities[0]]


def _references(views: Sequence[FeatureView]) -> list[str]:
    return [f"{view.name}:{field.name}" for view in views for field in view.features]


def _columns(views: Sequence[FeatureView]) -> list[tuple[str, pa.DataType]]:
    """Full name and Arrow type of every feature."""
    return [column for view in views for column in view_of(view.name).columns.items()]


def _conform(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """As the online store would give it: it holds whole seconds."""
    if pa.types.is_timestamp(kind):
        return pc.floor_temporal(column.cast(kind), unit="second")
    return column.cast(kind)


def _with_columns(table: pa.Table, columns: Mapping[str, pa.Array | pa.ChunkedArray]) -> pa.Table:
    return pa.table([*table.columns, *columns.values()], names=[*table.column_names, *columns])


def _require_columns(entity_rows: pa.Table, names: Sequence[str]) -> None:
    missing = [name for name in dict.fromkeys(names) if name not in entity_rows.column_names]
    if missing:
        raise FeatureError(f"the entity rows lack {missing}; add a column of that name")
