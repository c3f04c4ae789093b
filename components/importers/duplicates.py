"""Rows that contradict a row of the same key: equal copies may be dropped, differing ones must be kept somewhere.

Knows keys and equality; not what becomes of the rows it names. A row delivered again may differ in recorded_at only.
"""

import duckdb
import numpy as np
import pyarrow as pa

from metier.contract import Table

FIRST_OF_KEY = "(SELECT * FROM incoming QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY position) = 1)"


def contradictions(
    connection: duckdb.DuckDBPyConnection, declared: Table, rows: pa.Table, relation_name: str
) -> pa.Array:
    """Positions in `rows` whose key stands in the relation `relation_name` with other content, ascending.

    `relation_name` is a table or view of `connection` in the contract's columns, or FIRST_OF_KEY for `rows` themselves.
    """
    key = ", ".join(declared.key)
    connection.register("incoming", rows.append_column("position", pa.array(np.arange(rows.num_rows))))
    relation = relation_name.format(key=key)
    matched = connection.sql(f"SELECT position FROM incoming SEMI JOIN {relation} USING ({key})").to_arrow_table()
    if matched.num_rows == 0:
        return pa.array([], pa.int64())
    positions = connection.sql(
        f"SELECT DISTINCT new.position FROM incoming AS new JOIN {relation} AS old USING ({key}) "
        f"WHERE {difference(declared)} ORDER BY ALL"
    ).to_arrow_table()
    return positions["position"].combine_chunks()


def difference(declared: Table) -> str:
    """SQL that is true where rows `new` and `old` of one key have other content."""
    content = [c.name for c in declared.columns if c.name not in (*declared.key, "recorded_at")]
    return " OR ".join(f"new.{column} IS DISTINCT FROM old.{column}" for column in content)
