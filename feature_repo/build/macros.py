"""What queries of the build may call: the macros of sql/clock.sql and sql/versions.sql, and functions of texts."""

from importlib import resources

import duckdb
import pyarrow as pa

from components.language.taxonomy import Taxonomy, linked_skills, shipped_taxonomy
from metier.contract import TEXT_LIST
from metier.texts.canonical import canonical


def define_macros(connection: duckdb.DuckDBPyConnection, taxonomy: Taxonomy | None = None) -> None:
    """Define them on the connection; skills are named by the taxonomy, by default the shipped one."""
    known = taxonomy or shipped_taxonomy()

    def named(titles: pa.ChunkedArray, proses: pa.ChunkedArray) -> pa.Array:
        texts = zip(titles.to_pylist(), proses.to_pylist(), strict=True)
        return pa.array([linked_skills(known, title or "", prose or "", ()) for title, prose in texts], TEXT_LIST)

    connection.create_function("canonical", _canonical, ["VARCHAR"], "VARCHAR", type="arrow")  # type: ignore[call-overload]
    connection.create_function(
        "named_skills",
        named,
        ["VARCHAR", "VARCHAR"],
        "VARCHAR[]",
        type="arrow",  # type: ignore[call-overload]
        null_handling="special",  # type: ignore[arg-type]
    )
    for name in ("clock", "versions"):
        connection.execute(sql(name))


def sql(name: str) -> str:
    """The text of sql/<name>.sql."""
    return (resources.files("feature_repo") / "sql" / f"{name}.sql").read_text()


def _canonical(texts: pa.ChunkedArray) -> pa.Array:
    return pa.array([canonical(text) for text in texts.to_pylist()], pa.string())
