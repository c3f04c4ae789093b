"""The stores that a command would reach: lake, change log, online store, feature registry, MLflow's registry.

Each is asked one small question with a limit on its time; nothing is written and nothing is made.
"""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from metier.changes import open_change_log
from metier.cli.doctor.finding import Finding, within
from metier.errors import EmptyDataError
from metier.lake import Lake
from metier.settings import Settings

SECONDS = 5.0
CONNECT_SECONDS = 3


def check_stores(settings: Settings) -> Iterator[Finding]:
    """One finding a store."""
    yield within(SECONDS, "change log", lambda: _change_log(settings), "METIER_CHANGES_URL")
    yield within(SECONDS, "online store", lambda: _online_store(settings), "METIER_ONLINE_STORE_URL")
    for name, setting, uri, file, pipeline in (
        (
            "feature registry",
            "METIER_FEATURE_REGISTRY_URI",
            settings.feature_registry_uri,
            settings.home / "registry.db",
            "features",
        ),
        ("MLflow registry", "METIER_REGISTRY_URI", settings.registry_uri, settings.home / "mlflow.db", "training"),
    ):
        yield within(SECONDS, name, partial(_database, name, uri, file, pipeline), setting)


def check_lake(settings: Settings) -> tuple[Finding, dict[str, int]]:
    """What the lake holds: the finding, and its rows by table."""
    sizes: dict[str, int] = {}
    setting = "METIER_LAKE_URL" if settings.lake_url else "METIER_HOME"

    def look() -> Finding:
        if os.path.isfile(settings.lake):
            return Finding("lake", "fail", f"{settings.lake} is a file", f"move it away, or correct {setting}")
        lake = Lake(settings.lake)
        rows = lake.counts()
        sizes.update(rows)
        try:
            clock = lake.as_of()
        except EmptyDataError:
            return Finding("lake", "warn", f"{lake.url} is empty", "run `metier import` or `metier simulate`")
        counts = ", ".join(f"{name} {number:,}" for name, number in rows.items() if number)
        return Finding("lake", "ok", f"{lake.url} as of {clock:%Y-%m-%d %H:%M} UTC: {counts}")

    finding = within(4 * SECONDS, "lake", look, setting)
    return finding, sizes


def _change_log(settings: Settings) -> Finding:
    if not settings.changes_url and not settings.changes.exists():
        return Finding("change log", "ok", f"{settings.changes} is not there yet; the endpoint makes it")
    open_change_log(settings).since(0, 1)
    where = "METIER_CHANGES_URL" if settings.changes_url else str(settings.changes)
    return Finding("change log", "ok", f"{where} answers")


def _online_store(settings: Settings) -> Finding:
    if settings.online_store_url:
        from redis import Redis

        Redis.from_url(
            settings.online_store_url, socket_timeout=CONNECT_SECONDS, socket_connect_timeout=CONNECT_SECONDS
        ).ping()
        return Finding("online store", "ok", "METIER_ONLINE_STORE_URL answers")
    return _database("online store", "", settings.home / "online_store.db", "features")


def _database(name: str, uri: str, file: Path, pipeline: str) -> Finding:
    """`uri`, or the SQLite file that stands for it; a missing file is no fault, the named pipeline makes it."""
    from sqlalchemy import create_engine, make_url, text
    from sqlalchemy.pool import NullPool

    url = make_url(uri or f"sqlite:///{file}")
    if url.get_backend_name() == "sqlite":
        file = Path(url.database or file)
        if not file.exists():
            return Finding(name, "ok", f"{file} is not there yet; `metier pipeline run {pipeline}` makes it")
        url = url.set(database=f"file:{file}", query={"mode": "ro", "uri": "true"})
    elif url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    local = url.get_backend_name() == "sqlite"
    limits = {} if local else {"connect_timeout": CONNECT_SECONDS}
    with create_engine(url, poolclass=NullPool, connect_args=limits).connect() as connection:
        connection.execute(text("SELECT count(*) FROM sqlite_master" if local else "SELECT 1"))
    return Finding(name, "ok", f"{make_url(uri).render_as_string() if uri else file} answers")
