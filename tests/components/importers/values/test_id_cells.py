"""What is written where an id was meant: read as it stands, or refused by name, in both importers."""

import json
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from components.importers.conform import conform
from components.importers.mapped.people import import_people
from components.importers.values.reading import Reading, read_column
from metier.contract import TABLES
from metier.lake import Lake

CLOCK = datetime(2026, 4, 1, tzinfo=UTC)
SHORT = "a number that a spreadsheet cut short; export the id as text"
OBJECT = "an object or a list, which is no id; name one value of it by a path"
CELLS = {
    "65a1": None, "1E5": None, "12e45": None, "truely": None, "id {7}": None, "[x]": None, "7.0": None,
    "true": "true or false, which is no id", "FALSE": "true or false, which is no id", "1.23457E+15": SHORT,
    "1,5e+12": SHORT, '{"$oid": "65a1"}': OBJECT, '["a", "b"]': OBJECT,
}  # fmt: skip


@pytest.mark.parametrize("kind", [None, "text"])
def test_cells_that_are_no_ids_are_refused_by_name(kind):
    cells = pa.chunked_array([pa.array(list(CELLS))])
    read = read_column(cells, TABLES["clients"].column("client_id"), Reading(kind))
    assert read.reasons.to_pylist() == list(CELLS.values())
    assert read.values.to_pylist() == [None if reason else cell for cell, reason in CELLS.items()]


def test_a_contract_file_says_why_a_row_has_no_id():
    rows = pa.table({"client_id": ["true", "c1"], "status": ["active"] * 2, "event_timestamp": ["2026-03-01"] * 2})
    assert conform("clients", rows, CLOCK, "clients.csv").reasons.to_pylist() == [
        "client_id is not a text: true or false, which is no id"
    ]


def test_a_mapped_file_takes_the_value_within_an_object_by_its_path(tmp_path):
    people = [{"_id": {"$oid": "65a1"}, "does": "Welding"}, {"_id": True, "does": ["Welding", "Roofs"]}]
    (tmp_path / "people.jsonl").write_text("\n".join(map(json.dumps, people)) + "\n")
    rules = (
        "freelancers:\n  title: {from: does, kind: text}\n  overview: {kind: constant, value: ''}\n"
        "  skills: {kind: constant, value: []}\n  status: {kind: constant, value: listed}\n"
    )
    (tmp_path / "map.yaml").write_text(f"id: _id.$oid\n{rules}")
    lake = Lake(str(tmp_path / "lake"))
    table = import_people(lake, tmp_path / "people.jsonl", tmp_path / "map.yaml", CLOCK).tables["freelancers"]
    assert (table.written, table.quarantined) == (1, 1)
    assert lake.read("freelancers")["freelancer_id"].to_pylist() == ["65a1"]
    (tmp_path / "map.yaml").write_text(f"id: _id\n{rules}")
    table = import_people(lake, tmp_path / "people.jsonl", tmp_path / "map.yaml", CLOCK).tables["freelancers"]
    assert table.quarantined == 2
    assert table.warnings == (
        "left empty: title 1 x several values; name one by its number, as in locations.0.name; "
        "freelancer_id 1 x an object; name a field of it by a path, 1 x true or false, which is no id",
    )
