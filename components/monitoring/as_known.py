"""What serving knew when it answered: stored features of a release, and what was pushed since.

Windows and clients of candidates are as of the release, a client that asks as of the newest change that was served.
Profiles of jobs and freelancers and histories were pushed as they were recorded, so they are as of a moment of each
row's own. Built anew from a lake; keeps nothing.
"""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa

from components.releases.folder import moment_of
from feature_repo.build.aggregates import HISTORY_VIEWS, build_feature_tables
from feature_repo.client import FeatureStoreClient
from feature_repo.hydrate import Read, with_column
from feature_repo.inputs.covisits import Covisits
from metier.changes.log import EPOCH
from metier.contract import TABLES, TIMESTAMP, Surface
from metier.lake import Lake
from metier.settings import Settings

PUSHED = ("freelancer_profile", "job_profile", *HISTORY_VIEWS)
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

    def read(
        self, as_of: datetime, pushed_until: pa.ChunkedArray, clients_until: pa.ChunkedArray | None = None
    ) -> Read:
        """Answers for rows in the order of `pushed_until`, the moment of each up to which pushes are known.

        Profiles of clients are as of `clients_until`, where given, else as of the release.
        """
        watermark = pa.repeat(pa.scalar(as_of, TIMESTAMP), len(pushed_until))

        def read(rows: pa.Table, views: Sequence[str]) -> pa.Table:
            stamps = rows["event_timestamp"]
            pushed = [view for view in views if view in PUSHED]
            clients = [view for view in views if view == CLIENT and clients_until is not None]
            released = [view for view in views if view not in (*pushed, *clients)]
            for store, names, moments in (
                (self._pushed, pushed, pushed_until),
                (self._pushed, clients, clients_until),
                (self._released[as_of], released, watermark),
            ):
                if names:
                    rows = store.training_features(with_column(rows, "event_timestamp", moments), names)
            return with_column(rows, "event_timestamp", stamps)

        return read

    def covisits(self, as_of: datetime, surface: Surface) -> Covisits:
        """Those of the release of `as_of`."""
        return self._released[as_of].covisits(surface)


@contextmanager
def as_known(settings: Settings, lake: Lake, releases: Iterable[datetime], latest: datetime) -> Iterator[AsKnown]:
    """Stores of their own, built as known at each release and at `latest`; each build goes on from the one before."""
    with TemporaryDirectory(prefix=".replay-", dir=settings.home) as temporary:
        moments = sorted({*releases, latest})
        stores: list[FeatureStoreClient] = []
        for number, moment in enumerate(moments):
            own = settings.model_copy(update={"home": Path(temporary) / str(number), "lake_url": lake.url})
            if stores:
                shutil.copytree(stores[-1].settings.features, own.features, copy_function=os.link)
            build_feature_tables(lake, moment, own.features)
            stores.append(FeatureStoreClient(own))
            stores[-1].apply()
        yield AsKnown(dict(zip(moments, stores, strict=True)), stores[-1])
