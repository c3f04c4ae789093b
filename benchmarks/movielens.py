"""A folder of MovieLens ratings as tables of the contract, a public set of interactions without impressions.

    python benchmarks/movielens.py ../shared/data/movielens_latest_small TABLES
    metier import contract TABLES

Movies are jobs: the title without its year, genres as skills, posted on 1 January of the year of the title (with the
first rating of the file where it has none). Raters are freelancers of whom nothing else is
known, there from their first rating on. A rating is an act of the rater, when it was made: an apply from 4.5 stars on,
a save from 3.5, else a click. Tags and links are not read.
"""

import argparse
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from metier.contract import TABLES

APPLY_FROM, SAVE_FROM = 4.5, 3.5

JOBS = """
    WITH log AS (SELECT min(timestamp) * 1_000_000 AS began FROM ratings), dated AS (
        SELECT *, try_cast(regexp_extract(title, '\\((\\d{4})\\)\\s*$', 1) AS INTEGER) AS year FROM movies
    ), posted AS (
        SELECT *, coalesce(epoch_us(make_timestamp(year, 1, 1, 0, 0, 0)), began) AS posted_at FROM dated, log
    )
    SELECT 'm' || movieId AS job_id, posted_at, regexp_replace(title, '\\s*\\(\\d{4}\\)\\s*$', '') AS title,
           regexp_replace(title, '\\s*\\(\\d{4}\\)\\s*$', '') || '. ' || array_to_string(genre, ', ') AS description,
           genre AS skills, genre[1] AS category, 1 AS openings, 'public' AS visibility, 'open' AS status,
           greatest(posted_at, began) AS event_timestamp, greatest(posted_at, began) AS recorded_at
    FROM (
        SELECT *, CASE WHEN genres = '(no genres listed)' THEN []::VARCHAR[] ELSE string_split(genres, '|') END AS genre
        FROM posted
    )
    ORDER BY movieId
"""
FREELANCERS = """
    SELECT 'u' || userId AS freelancer_id, 'Viewer' AS title, '' AS overview, []::VARCHAR[] AS skills,
           'listed' AS status, (min(timestamp) - 1) * 1_000_000 AS joined_at,
           joined_at AS event_timestamp, joined_at AS recorded_at
    FROM ratings GROUP BY userId ORDER BY userId
"""
INTERACTIONS = f"""
    SELECT 'r' || userId || '-' || movieId AS interaction_id, 'freelancer' AS side,
           CASE WHEN rating >= {APPLY_FROM} THEN 'apply'
                WHEN rating >= {SAVE_FROM} THEN 'save' ELSE 'click' END AS kind,
           'u' || userId AS freelancer_id, 'm' || movieId AS job_id,
           timestamp * 1_000_000 AS event_timestamp, timestamp * 1_000_000 AS recorded_at
    FROM ratings ORDER BY timestamp, userId, movieId
"""


def main() -> None:
    """Write the three tables and print their rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ratings", type=Path, help="folder with ratings.csv and movies.csv")
    parser.add_argument("tables", type=Path, help="folder to write into")
    arguments = parser.parse_args()
    arguments.tables.mkdir(parents=True, exist_ok=True)
    for name, table in contract_tables(arguments.ratings).items():
        pq.write_table(table, arguments.tables / f"{name}.parquet")
        print(f"{name}: {table.num_rows:,} rows")


def contract_tables(folder: Path) -> dict[str, pa.Table]:
    """Tables jobs, freelancers and interactions of the contract, of ratings.csv and movies.csv in `folder`."""
    with duckdb.connect() as connection:
        for name in ("ratings", "movies"):
            connection.register(name, connection.read_csv(str(folder / f"{name}.csv")).to_arrow_table())
        return {
            "jobs": _conformed(connection, "jobs", JOBS),
            "freelancers": _conformed(connection, "freelancers", FREELANCERS),
            "interactions": _conformed(connection, "interactions", INTERACTIONS),
        }


def _conformed(connection: duckdb.DuckDBPyConnection, name: str, query: str) -> pa.Table:
    rows = connection.sql(query).to_arrow_table()
    schema = TABLES[name].schema
    columns = [
        rows[field.name].cast(field.type) if field.name in rows.column_names else pa.nulls(rows.num_rows, field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


if __name__ == "__main__":
    main()
