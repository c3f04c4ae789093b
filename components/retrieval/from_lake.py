"""What the lake knew of candidates at a moment: their newest versions, what they did about each other.

Reads the lake alone. Who may be shown is eligibility's business.
"""

from datetime import datetime

import pyarrow as pa

from components.retrieval.pair_facts import KINDS
from feature_repo.texts.text import card_text
from metier.contract import Surface
from metier.lake import Lake

PAIR_COLUMNS = (
    "interaction_id", "kind", "side", "freelancer_id", "job_id", "client_id", "event_timestamp", "recorded_at",
)  # fmt: skip


def newest_versions(lake: Lake, surface: Surface, as_of: datetime) -> pa.Table:
    """The newest version of each candidate known at `as_of`: id, text, and the contract's columns; by id."""
    table, key = ("jobs", "job_id") if surface == "job_feed" else ("freelancers", "freelancer_id")
    with lake.connect(as_of) as connection:
        rows = connection.sql(
            f"SELECT DISTINCT ON ({key}) {key} AS id, * FROM {table} WHERE event_timestamp <= $as_of "
            f"ORDER BY {key}, event_timestamp DESC, recorded_at DESC",
            params={"as_of": as_of},
        ).to_arrow_table()
    prose = "description" if surface == "job_feed" else "overview"
    columns = zip(*(rows[name].to_pylist() for name in ("title", prose, "skills")), strict=True)
    return rows.append_column("text", pa.array([card_text(*parts) for parts in columns], pa.string()))


def pair_interactions(lake: Lake, as_of: datetime) -> pa.Table:
    """The interactions that pair rules read, as PairFacts.from_interactions wants them."""
    with lake.connect(as_of) as connection:
        return connection.sql(
            f"SELECT {', '.join(PAIR_COLUMNS)} FROM interactions WHERE kind IN {KINDS} AND event_timestamp <= $as_of "
            "ORDER BY event_timestamp, interaction_id",
            params={"as_of": as_of},
        ).to_arrow_table()
