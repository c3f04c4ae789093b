#!/bin/sh
# Point-in-time joins of four libraries: a row without a key gets the features of another row without a key, or not.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; trap 'exit 1' INT TERM
python3 -m venv "$dir/venv" && "$dir/venv/bin/pip" install --quiet duckdb==2.0.0 pandas==2.3.3 polars==2.1.0 pyarrow==25.0.1
"$dir/venv/bin/python" -I -W ignore - <<'EOF'
import sys

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa

print("duckdb", duckdb.__version__, "pandas", pd.__version__, "polars", pl.__version__, "pyarrow", pa.__version__)
print("Guess: a join as of a time treats a missing key as an equi-join does in SQL: it matches")
print("  nothing; and the four libraries agree on it.")
print("Behaviour: pandas and pyarrow match a missing key with a missing key, polars and DuckDB do")
print("  not: an example without a job carries the features of some other row without a job.")

examples = pa.table({"t": [10, 10], "job": pa.array(["a", None])})
features = pa.table({"t": [5, 5], "job": pa.array(["a", None]), "views": [1, 99]})

joined = {
    "pandas": pd.merge_asof(examples.to_pandas(), features.to_pandas(), on="t", by="job")["views"],
    "pyarrow": examples.join_asof(features, on="t", by="job", tolerance=-100)["views"].to_pylist(),
    "polars": pl.from_arrow(examples).join_asof(pl.from_arrow(features), on="t", by="job")["views"],
    "duckdb": [
        views
        for (views,) in duckdb.sql(
            "select views from examples asof left join features using (job, t) order by job nulls last"
        ).fetchall()
    ],
}
seen = {library: [None if pd.isna(views) else int(views) for views in column] for library, column in joined.items()}
for library, views in seen.items():
    print(f"Seen: {library}: job 'a' has {views[0]} views, no job has {views[1]}")
sys.exit(seen != {"pandas": [1, 99], "pyarrow": [1, 99], "polars": [1, None], "duckdb": [1, None]})
EOF
