"""Build the co-visits of both sides from the lake, as of a moment: mapped arrays, of the days that had ended by then.

What a history turns to counts here too (sql/*_history.sql). Knows no Feast and no surface.
"""

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from feature_repo.build.macros import define_macros, sql
from feature_repo.files.whole_folder import replacing_folder
from feature_repo.inputs.columns import codes
from feature_repo.inputs.covisits import FOLDER, REACH, Covisits, key_of
from metier.contract import Side
from metier.lake import Lake

SIDES: tuple[Side, ...] = ("freelancer", "client")


def write_covisits(lake: Lake, as_of: datetime, features: Path) -> dict[str, int]:
    """Replace the folder `covisits/<side>` of each side under `features`; pairs by side."""
    pairs: dict[str, int] = {}
    with lake.connect(as_of) as connection:
        connection.execute("SET VARIABLE first_day = 0::BIGINT")
        connection.execute(f"SET VARIABLE clock = TIMESTAMPTZ '{as_of.astimezone(UTC).isoformat()}'")
        connection.execute(f"SET VARIABLE last_day = {int(as_of.timestamp() // 86_400)}::BIGINT")
        connection.execute(f"SET VARIABLE reach = {REACH}")
        define_macros(connection)
        connection.execute(sql("visible_events"))
        for side in SIDES:
            counted = _covisits(connection, side)
            with replacing_folder(features / FOLDER / side) as temporary:
                counted.write(temporary)
            pairs[side] = len(counted.others)
    return pairs


def _covisits(connection: duckdb.DuckDBPyConnection, side: Side) -> Covisits:
    turned_to, *_ = connection.extract_statements(sql(f"{side}_history"))
    connection.execute(turned_to)
    candidates = connection.sql(
        "SELECT DISTINCT candidate_id FROM turned_to WHERE candidate_id IS NOT NULL ORDER BY candidate_id"
    ).to_arrow_table()
    ranked, rows = np.unique(codes(candidates, "candidate_id"), return_inverse=True)
    connection.register("ranked_codes", candidates.append_column("row", pa.array(rows.astype(np.int64))))
    *before, together, turned = connection.extract_statements(sql("covisits"))
    for statement in before:
        connection.execute(statement)
    pairs, turns = (connection.sql(statement.query).to_arrow_table() for statement in (together, turned))
    connection.unregister("ranked_codes")
    one, other, day = (pairs[name].to_numpy() for name in ("one", "other", "day"))
    return Covisits(
        candidates=ranked,
        starts=np.searchsorted(one, np.arange(len(ranked) + 1)),
        others=key_of(other, day),
        counts=pairs["covisits"].to_numpy(),
        turns=key_of(turns["row"].to_numpy(), turns["day"].to_numpy()),
        turn_counts=turns["turns"].to_numpy(),
    )
