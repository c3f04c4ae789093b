"""Files of people and of clients with planted dirt come in by a mapping, counted to the row."""

from datetime import UTC, datetime, timedelta

import pytest

from components.importers.mapped.people import import_clients, import_people
from metier.errors import ContractError
from metier.lake import Lake

CLOCK = datetime(2026, 4, 1, tzinfo=UTC)
MAPPING = """
id: nick
missing: [not told]
freelancers:
  title: {from: does, kind: text}
  overview: {from: story, kind: html}
  skills: {from: knows, kind: list}
  hourly_rate_usd: {from: asks, kind: rate}
  city: {from: lives, kind: text}
  experience_level: {from: rank, kind: text, values: {old hand: expert, new here: entry}}
  status: {from: free, kind: text, values: {"yes": listed, "no": unavailable}}
  joined_at: {from: since, kind: date}
"""
HEADER = "nick,does,story,knows,asks,lives,rank,free,since\n"
LINES = [
    # 1 to 3: clean; a word for nothing, a page and a Python list; another way to write the same
    "ana,Tiler,Floors,Grout,$30,Faro,old hand,yes,2026-01-05",
    "bo,Mason,<p>Walls &amp; arches</p>,\"['Brick', 'Stone']\",$22.5/hr,not told,new here,no,2026-01-06",
    "cy,Glazier,,not told,,Cork,,yes,2026-01-07",
    # 4: equal to 1; 5: contradicts 1; 6: a later version of 1
    "ana,Tiler,Floors,Grout,$30,Faro,old hand,yes,2026-01-05",
    "ana,Tiler,Floors,Grout,$99,Faro,old hand,yes,2026-01-05",
    "ana,Tiler,Floors and walls,Grout,$31,Faro,old hand,yes,2026-02-05",
    # 7: no name; 8: a status that is none; 9: after the import; 10: too few values
    ",Tiler,Roofs,Slate,$30,Faro,,yes,2026-01-05",
    "dee,Tiler,Roofs,Slate,$30,Faro,,perhaps,2026-01-05",
    "eve,Tiler,Roofs,Slate,$30,Faro,,yes,2027-01-05",
    "flo,Tiler",
    # 11: an address and a price that is none; 12: a level that is none
    "gus,Tiler,Write to gus@example.com,Slate,30 EUR,Faro,,yes,2026-01-05",
    "hal,Tiler,Roofs,Slate,$30,Faro,wizard,yes,2026-01-05",
]


@pytest.fixture
def files(tmp_path):
    (tmp_path / "people.csv").write_text(HEADER + "\n".join(LINES) + "\n")
    (tmp_path / "people.yaml").write_text(MAPPING)
    return tmp_path / "people.csv", tmp_path / "people.yaml"


@pytest.fixture
def lake(tmp_path):
    return Lake(str(tmp_path / "lake"))


def test_every_row_is_counted_once(files, lake):
    """12 rows: rows 1, 2, 3, 6, 11 and 12 are written, row 4 is row 1, five are quarantined."""
    people = import_people(lake, *files, CLOCK).tables["freelancers"]
    assert (people.read, people.written, people.duplicates, people.quarantined) == (12, 6, 1, 5)
    assert sorted(people.reasons.values()) == [1] * 5
    assert people.reasons["contradicts freelancer that its row in quarantine names"] == 1
    assert "contradicts freelancer ana of row 1" in lake.quarantined("freelancers")["reason"].to_pylist()
    assert people.texts.masked == {"overview": {"e-mail": 1}}
    assert people.warnings == (
        "left empty: hourly_rate_usd 1 x in EUR, not in US dollars; "
        "experience_level 1 x not one of the contract's values",
    )


def test_people_are_clean(files, lake):
    import_people(lake, *files, CLOCK)
    people = {row["freelancer_id"]: row for row in lake.read("freelancers").to_pylist()}
    ana, bo, cy = people["ana"], people["bo"], people["cy"]
    assert (bo["overview"], bo["skills"], bo["hourly_rate_usd"]) == ("Walls & arches", ["Brick", "Stone"], 22.5)
    assert (bo["city"], bo["experience_level"], bo["status"]) == (None, "entry", "unavailable")
    assert (cy["overview"], cy["skills"], cy["hourly_rate_usd"]) == ("", [], None)
    assert (ana["overview"], ana["hourly_rate_usd"]) == ("Floors and walls", 31)


def test_importing_twice_writes_nothing_twice_and_a_corrected_row_is_a_version(files, lake):
    import_people(lake, *files, CLOCK)
    later = CLOCK + timedelta(days=1)
    again = import_people(lake, *files, later).tables["freelancers"]
    assert (again.written, again.duplicates, again.quarantined) == (0, 7, 5)
    files[0].write_text(HEADER + LINES[1].replace("$22.5", "$25") + "\n")
    corrected = import_people(lake, *files, later).tables["freelancers"]
    assert (corrected.written, corrected.corrected) == (1, 1)
    rates = [row["hourly_rate_usd"] for row in lake.read("freelancers").to_pylist() if row["freelancer_id"] == "bo"]
    assert rates == [22.5, 25]


def test_what_nothing_dates_counts_from_its_import_and_a_repeat_writes_what_changed(files, lake):
    files[1].write_text(MAPPING.replace("  joined_at: {from: since, kind: date}\n", ""))
    files[0].write_text(HEADER + "\n".join(LINES[:3]) + "\n")
    assert import_people(lake, *files, CLOCK).tables["freelancers"].written == 3
    later = CLOCK + timedelta(days=9)
    files[0].write_text(HEADER + "\n".join([LINES[0], LINES[1].replace("$22.5", "$25"), LINES[2]]) + "\n")
    again = import_people(lake, *files, later).tables["freelancers"]
    assert (again.written, again.duplicates) == (1, 2)
    versions = [row for row in lake.read("freelancers").to_pylist() if row["freelancer_id"] == "bo"]
    assert [(row["event_timestamp"], row["hourly_rate_usd"]) for row in versions] == [(CLOCK, 22.5), (later, 25)]


def test_people_without_an_id_are_named_by_what_they_say(files, lake):
    """Row 4 is row 1; row 12 has a level that is none, and is not row 7, which has no level; 8, 9, 10 are no people."""
    files[1].write_text(MAPPING.replace("id: nick\n", ""))
    people = import_people(lake, *files, CLOCK).tables["freelancers"]
    assert (people.read, people.written, people.duplicates, people.quarantined) == (12, 8, 1, 3)
    assert all(name.startswith("person-") for name in lake.read("freelancers")["freelancer_id"].to_pylist())


def test_clients_come_in_by_their_id(tmp_path, lake):
    companies, mapping = tmp_path / "companies.csv", tmp_path / "companies.yaml"
    companies.write_text("ref,land,card,since\nk1,NO,yes,2026-01-01\nk2,,no,2026-01-02\nk2,,no,2026-01-02\n,NO,,\n")
    mapping.write_text(
        "id: ref\nclients:\n  country: {from: land, kind: text}\n  payment_verified: {from: card, kind: boolean}\n"
        "  status: {kind: constant, value: active}\n  joined_at: {from: since, kind: date}\n"
    )
    clients = import_clients(lake, companies, mapping, CLOCK).tables["clients"]
    assert (clients.read, clients.written, clients.duplicates, clients.quarantined) == (4, 2, 1, 1)
    assert [row["payment_verified"] for row in lake.read("clients").to_pylist()] == [True, False]
    mapping.write_text(mapping.read_text().removeprefix("id: ref\n"))
    with pytest.raises(ContractError, match="names no client; give the column that does as 'id:' at the top"):
        import_clients(lake, companies, mapping, CLOCK)


@pytest.mark.parametrize("identity", ["id: nick\n", ""])
def test_a_line_of_totals_is_nobody(files, lake, identity):
    """Of three lines one says nothing but a price; skills alone, or a title alone, are somebody."""
    files[1].write_text(MAPPING.replace("id: nick\n", identity))
    files[0].write_text(
        f"{HEADER}Total,,,,$50,,,yes,2026-01-05\nivy,,,Slate,,,,yes,2026-01-05\njo,Tiler,,,,,,yes,2026-01-05\n"
    )
    people = import_people(lake, *files, CLOCK).tables["freelancers"]
    assert (people.written, people.reasons) == (2, {"person has neither title, overview nor skills": 1})


def test_ids_that_a_program_wrote_as_floats_are_told_of(files, lake):
    files[0].write_text(f"{HEADER}7.0,Tiler,,,,,,yes,2026-01-05\n8,Tiler,,,,,,yes,2026-01-05\n")
    people = import_people(lake, *files, CLOCK).tables["freelancers"]
    assert "ids as 7.0, kept so though other files may say 7" in people.warnings[0]
    assert ": 1 x freelancer_id; in no row of the file:" in people.warnings[0]
