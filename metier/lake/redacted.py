"""Who lost a part of their features when somebody else was forgotten: ids beside the tables, and since when.

A value that was served before with that part cannot be rebuilt any more, which is no fault. Of who was forgotten
nothing is kept.
"""

from collections.abc import Collection

import fsspec.core
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from metier.contract import TEXT, TIMESTAMP
from metier.lake.exchange import Exchange
from metier.lake.lake import Lake

SCHEMA = pa.schema([("id", TEXT), ("since", TIMESTAMP), ("until", TIMESTAMP)])
"""A job, client or freelancer, and from when to when what was forgotten happened."""
EVERYBODY = ""
"""The id of all: rates that are drawn towards the mean of all counted what was forgotten."""
FILE = "redacted/rows.parquet"


def redacted(lake: Lake) -> pa.Table:
    """Rows of SCHEMA; none where nobody was forgotten."""
    fs, root = fsspec.core.url_to_fs(lake.url)
    path = f"{root}/{FILE}"
    return pq.read_table(path, schema=SCHEMA, filesystem=fs) if fs.exists(path) else SCHEMA.empty_table()


def redact(lake: Lake, rows: pa.Table, forgotten: Collection[str]) -> None:
    """Add rows of SCHEMA, and take out those of the ids that are forgotten themselves."""
    with Exchange.of(lake) as exchange:
        before = redacted(lake)
        known = pa.concat_tables([before, rows.cast(SCHEMA)])
        known = known.filter(pc.invert(pc.is_in(known["id"], value_set=pa.array(sorted(forgotten), TEXT))))
        if known.num_rows == before.num_rows == 0:
            return
        one = known.group_by(["id", "until"]).aggregate([("since", "min")]).rename_columns(["id", "until", "since"])
        path = f"{exchange.root}/{FILE}"
        exchange.fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        exchange.fs.mv(exchange.write(path, SCHEMA, [one.select(SCHEMA.names).sort_by("id")]), path)
