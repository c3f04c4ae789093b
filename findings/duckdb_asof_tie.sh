#!/bin/sh
# DuckDB: which of two equal rows an ASOF join takes depends on how many rows stand on the left.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; trap 'exit 1' INT TERM
python3 -m venv "$dir/venv" && "$dir/venv/bin/pip" install --quiet duckdb==2.0.0
"$dir/venv/bin/python" -I - <<'EOF'
import sys

import duckdb

print("duckdb", duckdb.__version__)
print("Guess: where two features of a job have the same time, an ASOF join may take either,")
print("  but the same one for a job whatever other jobs are asked for in the same query.")
print("Behaviour: one row wins for up to 63 rows on the left, another one from 64 rows on")
print("  (a nested loop gives way to a sorted join), so a feature differs between a small")
print("  request and a large training set.")

connection = duckdb.connect()
connection.execute("create table features as select 7 as job, 5 as t, unnest(['first', 'second', 'third']) as value")


def winners(rows: int) -> list[str]:
    query = """
        select distinct value
        from (select 7 as job, 10 as t from range(?)) as requests
        asof join features on requests.job = features.job and requests.t >= features.t
    """
    return sorted(value for (value,) in connection.execute(query, [rows]).fetchall())


seen = {rows: winners(rows) for rows in (1, 63, 64, 1000)}
for rows, values in seen.items():
    print(f"Seen: {rows} rows on the left take {values}")
sys.exit(seen != {1: ["first"], 63: ["first"], 64: ["third"], 1000: ["third"]})
EOF
