"""Rows that differ only in what cannot be read are told apart by what the file says there."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from components.importers.ingest import ingest
from components.importers.mapped.interactions import import_interactions
from components.importers.mapped.mapping import read_mapping
from components.importers.mapped.people import import_people
from components.importers.mapped.posts import import_posts, read_posts
from metier.lake import Lake

CLOCK = datetime(2026, 4, 1, tzinfo=UTC)
ACTS = """
interactions:
  kind: {from: did, kind: text}
  freelancer_id: {from: who, kind: text}
  client_id: {from: firm, kind: text}
  value_usd: {from: paid, kind: money, currency: in}
  event_timestamp: {from: ts, kind: date}
"""
POSTS = """
clock: 2026-03-01
jobs:
  title: {from: role, kind: text}
  description: {kind: constant, value: ""}
  skills: {kind: constant, value: []}
  experience_level: {from: level, kind: text}
  budget_min_usd: {from: [fixed, hourly], kind: pay}
  visibility: {kind: constant, value: public}
  status: {kind: constant, value: open}
"""
PEOPLE = """
clock: 2026-03-01
freelancers:
  title: {from: role, kind: text}
  overview: {kind: constant, value: ""}
  skills: {kind: constant, value: []}
  hourly_rate_usd: {from: rate, kind: rate}
  status: {kind: constant, value: listed}
"""


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def written(lake, tmp_path, door, mapping, *lines):
    """(written, duplicates, quarantined) of the rows below the header."""
    (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "rows.yaml").write_text(mapping)
    report = door(lake, tmp_path / "rows.csv", tmp_path / "rows.yaml", CLOCK)
    (table,) = report.tables.values()
    return table.written, table.duplicates, table.quarantined


ACT = "did,who,firm,ts,paid,in"
PAID = [f"pay,u1,c1,2026-03-01,{paid}" for paid in ("€100,", "€200,", "€200,", ",", "100,EUR", "100,GBP", "$100,")]


def test_payments_in_a_currency_that_is_refused_are_as_many_as_the_file_has(lake, tmp_path):
    """Six payments; the third line is the second."""
    assert written(lake, tmp_path, import_interactions, ACTS, ACT, *PAID) == (6, 1, 0)
    assert sorted(lake.read("interactions")["value_usd"].to_pylist(), key=str) == [100.0, *[None] * 5]
    assert written(lake, tmp_path, import_interactions, ACTS, ACT, *reversed(PAID)) == (0, 7, 0)


@pytest.mark.parametrize(
    "lines",
    [
        ["Welder,VP,,", "Welder,CTO,,", "Welder,,,"],
        ["Welder,,€9,", "Welder,,€8,", "Welder,,,"],
        ["Welder,,€9,$20", "Welder,,€8,$20", "Welder,,,$20"],  # the second source has a value
    ],
)
def test_posts_that_differ_in_a_refused_level_or_sum_are_each_written(lake, tmp_path, lines):
    header = "role,level,fixed,hourly"
    assert written(lake, tmp_path, import_posts, POSTS, header, *lines) == (3, 0, 0)
    assert written(lake, tmp_path, import_posts, POSTS, header, *reversed(lines)) == (0, 3, 0)


def test_people_that_differ_in_a_refused_rate_are_two(lake, tmp_path):
    lines = ["role,rate", "Welder,€20", "Welder,€30"]
    assert written(lake, tmp_path, import_people, PEOPLE, *lines) == (2, 0, 0)
    assert written(lake, tmp_path, import_people, PEOPLE, *lines) == (0, 2, 0)


def test_rows_of_one_id_that_say_otherwise_where_nothing_is_read_contradict_each_other(lake, tmp_path):
    lines = ["n,role,rate", "1,Welder,€20", "1,Welder,€30"]
    assert written(lake, tmp_path, import_people, f"id: n\n{PEOPLE}", *lines) == (1, 0, 1)
    assert written(
        lake, tmp_path, import_posts, f"id: n\n{POSTS}", "n,role,level,fixed,hourly", "1,W,VP,,", "1,W,CTO,,"
    )[::2] == (1, 1)


def test_a_row_that_an_earlier_metier_named_by_what_it_read_is_known_again(lake, tmp_path):
    """It wrote the first of lines that differ in refused cells; now the others come in, each once."""
    written(lake, tmp_path, import_posts, POSTS, "role,level,fixed,hourly", "Welder,,,")  # as VP was written then
    lines = ["role,level,fixed,hourly", "Welder,VP,,", "Welder,CTO,,", "Welder,VP,,"]
    first = written(lake, tmp_path, import_posts, POSTS, *lines)
    assert (first[0], written(lake, tmp_path, import_posts, POSTS, *lines)[0]) == (1, 0)
    assert lake.counts()["jobs"] == 2

    written(lake, tmp_path, import_interactions, ACTS, ACT, "pay,u1,c1,2026-03-01,,")
    lines = [ACT, "pay,u1,c1,2026-03-01,€100,", "pay,u1,c1,2026-03-01,€200,"]
    assert written(lake, tmp_path, import_interactions, ACTS, *lines) == (1, 1, 0)
    assert written(lake, tmp_path, import_interactions, ACTS, *lines) == (0, 2, 0)


def test_no_refused_cell_reaches_the_lake(lake, tmp_path):
    written(lake, tmp_path, import_posts, POSTS, "role,level,fixed,hourly", "Welder,VP at jo@mail.example,,")
    posts = read_posts(tmp_path / "rows.csv", read_mapping(tmp_path / "rows.yaml"), CLOCK)
    for _, _, rows in posts:
        assert not [name for name in rows.column_names if name.startswith("metier_said")]
    assert isinstance(rows, pa.Table)
    assert ingest(lake, [("jobs", "again", rows)], CLOCK).tables["jobs"].written == 0
