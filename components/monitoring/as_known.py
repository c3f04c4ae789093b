"""What serving knew when it answered: stored features of a release, and what was pushed since.

Windows and clients of candidates are as of the release, a client that asks as of the newest change that was served.
Profiles of jobs and freelancers and histories were pushed as they were recorded, so they are as of a moment of each
row's own; vectors of texts are as of the newest change. Built anew from a lake; keeps nothing.
"""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from components.language.taxonomy import taxonomy_of
from components.releases.folder import moment_of
from feature_repo.build.aggregates import HISTORY_VIEWS, build_feature_tables
from feature_repo.client import FeatureStoreClient
from feature_repo.hydrate import Read, with_column
from feature_repo.inputs.covisits import Covisits
from metier.changes.log import EPOCH
from metier.contract import TABLES, TIMESTAMP, Surface
from metier.lake import Lake
from metier.settings import Settings
from metier.surfaces import surface_spec

PROFILES = ("freelancer_profile", "job_profile")
PUSHED = (*PROFILES, *HISTORY_VIEWS)
TEXT_KEYS = tuple(f"{view}__text_key" for view in PROFILES)
PAST_TEXT_KEYS = tuple(f"{view}__recent_text_keys" for view in HISTORY_VIEWS)
CLIENT = "client_profile"


class AsHappened(Lake):
    """The lake as if every row had been recorded when it happened."""

    def connect(self, as_of: datetime | None = None) -> duckdb.DuckDBPyConnection:
        """As Lake.connect, by event_timestamp alone."""
        connection = super().connect()
        where = "" if as_of is None else f" WHERE event_timestamp <= TIMESTAMPTZ '{as_of.astimezone(UTC).isoformat()}'"
        for name in TABLES:
            connection.execute(f"ALTER VIEW {name} RENAME TO {name}_as_logged")
            rows = f"SELECT * REPLACE (event_timestamp AS recorded_at) FROM {name}_as_logged"
            connection.execute(f"CREATE VIEW {name} AS {rows}{where}")
        return connection


def released_at(version: str) -> datetime:
    """The moment of the release in a snapshot_version."""
    return moment_of(version.partition("+")[0])


def changed_until(version: str) -> datetime:
    """The moment up to which candidates of a snapshot_version are as changed."""
    sequence = version.partition("+")[2]
    changed = EPOCH + timedelta(microseconds=int(sequence)) if sequence else EPOCH
    return max(changed, released_at(version))


class AsKnown:
    """Feature stores by the release that they were built for, and one in which the last push is known."""

    def __init__(self, released: Mapping[datetime, FeatureStoreClient], pushed: FeatureStoreClient) -> None:
        self._released = released
        self._pushed = pushed
        self._texts_since = _texts_since(pushed.settings.features)

    def read(
        self,
        as_of: datetime,
        pushed_until: pa.ChunkedArray,
        clients_until: pa.ChunkedArray | None = None,
        windows: Mapping[str, datetime] = MappingProxyType({}),
    ) -> Read:
        """Answers for rows in the order of `pushed_until`, the moment of each up to which pushes are known.

        Profiles of clients are as of `clients_until`, where given, else as of the release, as are windows but those of
        the views that `windows` has other moments of.
        """

        def read(rows: pa.Table, views: Sequence[str]) -> pa.Table:
            stamps = rows["event_timestamp"]
            pushed = [view for view in views if view in PUSHED]
            clients = [view for view in views if view == CLIENT and clients_until is not None]
            built = [(windows.get(view, as_of), [view]) for view in views if view not in (*pushed, *clients)]
            for store, names, moments in (
                (self._pushed, pushed, pushed_until),
                (self._pushed, clients, clients_until),
                *((self._released[at], names, pa.repeat(pa.scalar(at, TIMESTAMP), len(stamps))) for at, names in built),
            ):
                if names:
                    rows = store.training_features(with_column(rows, "event_timestamp", moments), names)
            return with_column(rows, "event_timestamp", stamps)

        return read

    def with_texts(self, features: pa.Table, until: pa.ChunkedArray) -> pa.Table:
        """`features` without the keys of texts that nobody had sent by `until`, a moment a row.

        A replica reads the profile of who asks, and a candidate that it does not hold, from the online store at once,
        but has their texts' vectors from the change log.
        """
        moments = until.to_pylist()

        def known(key: str | None, moment: datetime) -> str | None:
            return key if key is not None and self._texts_since.get(key, moment) <= moment else None

        for name in (name for name in features.column_names if name in (*TEXT_KEYS, *PAST_TEXT_KEYS)):
            cells = zip(features[name].to_pylist(), moments, strict=True)
            kept = [
                [known(key, moment) for key in cell] if isinstance(cell, list) else known(cell, moment)
                for cell, moment in cells
            ]
            features = with_column(features, name, pa.array(kept, features[name].type))
        return features

    def candidates_until(self, surface: Surface, pairs: pa.Table, until: pa.ChunkedArray) -> pa.ChunkedArray:
        """Up to which moment the profile of each candidate of `pairs` was known.

        That is `until`, and the request's own where there was none yet: it was read from the online store.
        """
        spec = surface_spec(surface)
        keyed = with_column(pairs, spec.key, pairs["candidate_id"]).select([spec.key, "event_timestamp"])
        held = self._pushed.training_features(with_column(keyed, "event_timestamp", until), [spec.profile_view])
        return pc.if_else(held[f"{spec.profile_view}__status"].is_valid(), until, pairs["event_timestamp"])

    def covisits(self, as_of: datetime, surface: Surface) -> Covisits:
        """Those of the release of `as_of`."""
        return self._released[as_of].covisits(surface)


def _texts_since(features: Path) -> dict[str, datetime]:
    """When each text of a profile, by key, became known first."""
    since: dict[str, datetime] = {}
    for view in PROFILES:
        for file in sorted((features / view).glob("*.parquet")):
            versions = pq.read_table(file, columns=["text_key", "event_timestamp"])
            for key, moment in zip(*(column.to_pylist() for column in versions.columns), strict=True):
                since[key] = min(moment, since.get(key, moment))
    return since


@contextmanager
def as_known(settings: Settings, lake: Lake, releases: Iterable[datetime], latest: datetime) -> Iterator[AsKnown]:
    """Stores of their own, built as known at each release and at `latest`; each build goes on from the one before."""
    with TemporaryDirectory(prefix=".replay-", dir=settings.home) as temporary:
        moments = sorted({*releases, latest})
        stores: list[FeatureStoreClient] = []
        taxonomy = taxonomy_of(settings.taxonomy)
        for number, moment in enumerate(moments):
            own = settings.model_copy(update={"home": Path(temporary) / str(number), "lake_url": lake.url})
            if stores:
                shutil.copytree(stores[-1].settings.features, own.features, copy_function=os.link)
            build_feature_tables(lake, moment, own.features, taxonomy=taxonomy)
            stores.append(FeatureStoreClient(own))
            stores[-1].apply()
        yield AsKnown(dict(zip(moments, stores, strict=True)), stores[-1])
