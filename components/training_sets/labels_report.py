"""What there is to say about labels: counts by surface and head, what was credited, and after how long.

Reads the tables of labels_sql and the view `labelled` on a connection; changes nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb

from components.training_sets import labels_sql as sql
from components.training_sets.outcomes.maturity import DAY_US
from metier.contract import Surface

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)


def label_report(
    connection: duckdb.DuckDBPyConnection,
    as_of: datetime,
    heads: Mapping[Surface, Sequence[str]],
    days: Mapping[str, float],
) -> dict[str, Any]:
    """heads: of each surface that was labelled; days: until each head is mature."""
    every = listed(list(days))
    quantiles = ", ".join(f"quantile_cont(days, {q}) AS p{round(q * 100)}" for q in QUANTILES)
    (not_viewed,) = connection.sql(
        f"SELECT count(*) FROM impressions i JOIN queries q USING (query_id) "
        f"WHERE i.viewed = false AND q.surface IN ({listed(list(heads))})"
    ).fetchall()[0]
    answers = connection.sql(
        "SELECT outcome, count(DISTINCT interaction_id) FROM credits "
        "WHERE in_window AND outcome IN ('decline', 'withdrawal') GROUP BY outcome ORDER BY outcome"
    ).fetchall()
    return {
        "surfaces": {name: _surface_report(connection, as_of, name, own, days) for name, own in heads.items()},
        "not_viewed": not_viewed,
        "outcomes": _by_kind(connection, sql.CREDITED.format(heads=every)),
        "delay_days": _by_kind(connection, sql.DELAYS.format(heads=every, quantiles=quantiles)),
        "answers": {"decline": 0, "withdrawal": 0} | dict(answers),
    }


def literal(moment: datetime) -> str:
    """As SQL."""
    return f"TIMESTAMPTZ '{moment.astimezone(UTC).isoformat()}'"


def listed(values: Sequence[str]) -> str:
    """As SQL, to stand behind IN."""
    return ", ".join(f"'{value}'" for value in values)


def _surface_report(
    connection: duckdb.DuckDBPyConnection,
    as_of: datetime,
    surface: Surface,
    heads: Sequence[str],
    days: Mapping[str, float],
) -> dict[str, Any]:
    """Counts over organic and exploration rows; a head without positives is named in dropped_heads."""
    now = literal(as_of)
    columns = ", ".join(
        f"count({head}) AS known_{head}, count(*) FILTER ({head} = 1) AS positive_{head}, "
        f"avg((shown_at > {now} - INTERVAL '{round(days[head] * DAY_US)} microseconds')::INT) AS young_{head}"
        for head in heads
    )
    query = "SELECT count(*) AS rows, count(DISTINCT query_id) AS queries, {} FROM labelled WHERE surface = '{}' AND {}"
    totals = connection.sql(query.format(columns, surface, "placement <> 'promoted'")).to_arrow_table().to_pylist()[0]
    (promoted,) = connection.sql(
        f"SELECT count(*) FROM labelled WHERE surface = '{surface}' AND placement = 'promoted'"
    ).fetchall()[0]
    return {
        "rows": totals["rows"],
        "queries": totals["queries"],
        "promoted": promoted,
        "immature_share": {head: totals[f"young_{head}"] or 0.0 for head in heads},
        "known": {head: totals[f"known_{head}"] for head in heads},
        "positives": {head: totals[f"positive_{head}"] for head in heads},
        "dropped_heads": [head for head in heads if not totals[f"positive_{head}"]],
    }


def _by_kind(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, dict[str, float]]:
    rows = connection.sql(query).to_arrow_table().to_pylist()
    return {row.pop("kind"): row for row in rows}
