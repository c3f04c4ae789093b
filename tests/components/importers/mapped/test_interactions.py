"""Logs of what people did come in by a mapping: equal rows once, sides by kind, counted to the row."""

import json
from datetime import UTC, datetime

import pytest

from components.importers.mapped.interactions import import_interactions
from components.importers.mapped.mapping import read_mapping
from metier.errors import ContractError
from metier.lake import Lake

CLOCK = datetime(2026, 4, 1, tzinfo=UTC)
AT = 1_769_900_000
MAPPING = """
interactions:
  kind: {from: did, kind: text, values: {peek: click}}
  freelancer_id: {from: who, kind: text}
  job_id: {from: what, kind: text}
  client_id: {from: firm, kind: text}
  dwell_seconds: {from: stayed, kind: number}
  event_timestamp: {from: ts, kind: date}
"""
HEADER = "who,what,firm,did,stayed,ts\n"
LINES = [
    f"f1,j1,,view,3,{AT}",
    f"f1,j1,,view,3,{AT}",  # the same act, delivered twice
    f"f1,j1,,view,4,{AT}",
    f"f1,j1,,Bookmark,,{AT + 1}",
    f"f2,j1,,application,,{AT + 2}",
    f"f2,j2,,peek,,{AT + 3}",
    f"f3,,k1,view,2,{AT + 4}",  # of a client: it names no job
    f"f3,j2,k1,invitation,,{AT + 5}",
    f"f3,j2,k1,hum,,{AT + 6}",  # no act
    f"f3,j2,k1,accepted,,{AT + 7}",  # by whom?
    f",j2,k1,view,,{AT + 8}",  # nobody
    f"f4,,,apply,,{AT + 9}",  # about nothing
    "f4,j2,,apply,,soon",  # never
    f"f4,j2,,view,-5,{AT + 10}",  # stayed less than nothing
]


@pytest.fixture
def files(tmp_path):
    (tmp_path / "log.csv").write_text(HEADER + "\n".join(LINES) + "\n")
    (tmp_path / "log.yaml").write_text(MAPPING)
    return tmp_path / "log.csv", tmp_path / "log.yaml"


@pytest.fixture
def lake(tmp_path):
    return Lake(str(tmp_path / "lake"))


def test_every_row_is_counted_once(files, lake):
    """14 rows: seven are written, row 2 is row 1, six are quarantined."""
    acts = import_interactions(lake, *files, CLOCK).tables["interactions"]
    assert (acts.read, acts.written, acts.duplicates, acts.quarantined) == (14, 7, 1, 6)
    again = import_interactions(lake, *files, CLOCK).tables["interactions"]
    assert (again.written, again.duplicates, again.quarantined) == (0, 8, 6)


def test_kinds_and_sides_are_the_contracts(files, lake):
    import_interactions(lake, *files, CLOCK)
    acts = {(row["kind"], row["side"], row["job_id"]) for row in lake.read("interactions").to_pylist()}
    assert acts == {
        ("click", "freelancer", "j1"),
        ("save", "freelancer", "j1"),
        ("apply", "freelancer", "j1"),
        ("click", "freelancer", "j2"),
        ("click", "client", None),
        ("invite", "client", "j2"),
    }


def test_names_begin_with_the_day_and_do_not_depend_on_the_order_of_rows(files, lake, tmp_path):
    import_interactions(lake, *files, CLOCK)
    files[0].write_text(HEADER + "\n".join(reversed(LINES)) + "\n")
    other = Lake(str(tmp_path / "other"))
    import_interactions(other, *files, CLOCK)
    names = lake.read("interactions")["interaction_id"].to_pylist()
    assert names == other.read("interactions")["interaction_id"].to_pylist()
    assert all(name.startswith("act-20260131-") for name in names)


def test_the_log_says_the_side_or_the_name_of_an_act(files, lake):
    files[0].write_text(
        "n,who,what,did,by,ts\n"
        f"1,f1,j1,accepted,employer,{AT}\n2,f1,j1,accepted,Candidate,{AT}\n2,f1,j1,view,,{AT}\n3,f1,j1,view,,{AT}\n"
    )
    files[1].write_text(
        "id: n\ninteractions:\n  kind: {from: did, kind: text}\n  side: {from: by, kind: text}\n"
        "  freelancer_id: {from: who, kind: text}\n  job_id: {from: what, kind: text}\n"
        "  event_timestamp: {from: ts, kind: date}\n"
    )
    acts = import_interactions(lake, *files, CLOCK).tables["interactions"]
    assert (acts.read, acts.written, acts.quarantined) == (4, 3, 1)
    rows = [(row["interaction_id"], row["kind"], row["side"]) for row in lake.read("interactions").to_pylist()]
    assert rows == [("1", "accept", "client"), ("2", "accept", "freelancer"), ("3", "click", "freelancer")]


def test_an_address_as_an_id_is_hashed(files, lake):
    files[0].write_text(f"{HEADER}jo@example.com,j1,,view,,{AT}\n")
    acts = import_interactions(lake, *files, CLOCK).tables["interactions"]
    assert acts.texts.masked == {"freelancer_id": {"e-mail": 1}}
    assert "example.com" not in json.dumps(lake.read("interactions").to_pylist(), default=str)


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        (("event_timestamp",), "nothing says when an interaction was; declare event_timestamp"),
        (("job_id", "client_id"), "interactions need the other side; declare job_id or client_id"),
        (("kind",), "column kind of interactions (text) is required"),
    ],
)
def test_a_mapping_that_is_not_whole_says_what_lacks(files, gone, said):
    lines = [line for line in MAPPING.splitlines() if not any(line.strip().startswith(f"{name}:") for name in gone)]
    files[1].write_text("\n".join(lines))
    with pytest.raises(ContractError) as refused:
        read_mapping(files[1], "interactions")
    assert said in str(refused.value)
