"""What every query of the build may call: the macros of sql/clock.sql and sql/versions.sql, and `canonical`."""

from importlib import resources

import duckdb
import pyarrow as pa

from metier.texts.canonical import canonical


def define_macros(connection: duckdb.DuckDBPyConnection) -> None:
    """Define them on the connection."""
    connection.create_function("canonical", _canonical, ["VARCHAR"], "VARCHAR", type="arrow")  # type: ignore[call-overload]
    for name in ("clock", "versions"):
        connection.execute(sql(name))


def sql(name: str) -> str:
    """The text of sql/<name>.sql."""
    return (resources.files("feature_repo") / "sql" / f"{name}.sql").read_text()


def _canonical(texts: pa.ChunkedArray) -> pa.Array:
    return pa.array([canonical(text) for text in texts.to_pylist()], pa.string())
