"""What tells two posts apart, with an id and without; a row that is set aside names the one that is kept."""

import json
from datetime import UTC, datetime
from hashlib import sha256

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.importers.mapped.mapping import read_mapping
from components.importers.mapped.posts import import_posts, read_posts
from components.importers.mapped.repeats import post_names
from metier.contract import JOBS
from metier.lake import Lake

CLOCK = datetime(2026, 4, 1, tzinfo=UTC)
HEADER = "ref,role,body,tags,firm,town,level,fee\n"
UNNAMED = """
clock: 2026-03-01
jobs:
  title: {from: role, kind: text}
  description: {from: body, kind: text}
  skills: {from: tags, kind: list}
  company: {from: firm, kind: text}
  city: {from: town, kind: text}
  experience_level: {from: level, kind: text}
  budget_min_usd: {from: fee, kind: money}
  visibility: {kind: constant, value: public}
  status: {kind: constant, value: open}
"""
NAMED = f"id: ref\n{UNNAMED}"
LONG = " ".join(f"duty{number}" for number in range(60))


def line(ref="", role="Welder", body="", tags="MIG", firm="Quay Works", town="Kiel", level="", fee=""):
    return ",".join((ref, role, body, f'"{tags}"', firm, town, level, fee))


def imported(tmp_path, mapping, *lines, lake=None):
    """(written, duplicates, quarantined), and the reasons in quarantine."""
    (tmp_path / "posts.csv").write_text(HEADER + "\n".join(lines) + "\n")
    (tmp_path / "posts.yaml").write_text(mapping)
    lake = lake or Lake(str(tmp_path / "lake"))
    jobs = import_posts(lake, tmp_path / "posts.csv", tmp_path / "posts.yaml", CLOCK).tables["jobs"]
    return (jobs.written, jobs.duplicates, jobs.quarantined), lake.quarantined("jobs")["reason"].to_pylist()


OTHERS = [
    {"firm": "Dune Rail"},
    {"town": "Oulu"},
    {"role": "Welder C++"},
    {"tags": "TIG"},
    {"level": "expert"},
    {"fee": "$90"},
]


@pytest.mark.parametrize("mapping", [UNNAMED, NAMED])
@pytest.mark.parametrize("other", OTHERS)
def test_short_posts_that_differ_in_one_thing_are_two(tmp_path, mapping, other):
    assert imported(tmp_path, mapping, line("a"), line("b", **other))[0] == (2, 0, 0)


@pytest.mark.parametrize("mapping", [UNNAMED, NAMED])
@pytest.mark.parametrize("other", [{"role": "Java developer"}, {"tags": "TIG"}, {"firm": "Dune Rail"}])
def test_long_posts_of_one_text_are_two_by_title_skills_and_employer(tmp_path, mapping, other):
    assert imported(tmp_path, mapping, line("a", body=LONG), line("b", **{"body": LONG, **other}))[0] == (2, 0, 0)


def test_levels_tell_long_posts_apart_where_both_are_known(tmp_path):
    lines = [line(ref, body=LONG, level=level) for ref, level in (("a", "entry"), ("b", "expert"), ("c", ""))]
    counts, reasons = imported(tmp_path, NAMED, *lines)
    assert (counts, reasons) == ((2, 0, 1), ["repeats the text of job a of row 1"])


def test_a_long_post_with_a_skill_more_or_another_fee_is_the_same(tmp_path):
    counts, reasons = imported(
        tmp_path, NAMED, line("a", body=LONG), line("b", body=LONG, tags="MIG, TIG"), line("c", body=LONG, fee="$9")
    )
    assert (counts, reasons) == ((1, 0, 2), ["repeats the text of job a of row 1"] * 2)


def test_equal_rows_without_an_id_are_one_and_a_row_that_is_set_aside_names_the_kept_one(tmp_path):
    same = line(body=LONG)
    counts, reasons = imported(tmp_path, UNNAMED, same, line(role="Cook"), same, line(body=LONG, fee="$9"))
    assert counts == (2, 1, 1)
    (kept,) = [name for name, title in names_of(tmp_path).items() if title == "Welder"]
    assert reasons == [f"repeats the text of job {kept} of row 1"]


def names_of(tmp_path):
    return {row["job_id"]: row["title"] for row in Lake(str(tmp_path / "lake")).read("jobs").to_pylist()}


def test_rows_of_one_id_and_moment_contradict_each_other_and_the_first_is_named(tmp_path):
    counts, reasons = imported(tmp_path, NAMED, line("a"), line("b", role="Cook"), line("a", fee="$9"))
    assert (counts, reasons) == ((2, 0, 1), ["contradicts job a of row 1"])


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(6)))
def test_names_do_not_depend_on_the_order_of_rows(order):
    rows = [
        {"title": title, "description": "", "skills": ["b", "a"], "city": city}
        for title in ("Cook", "Baker", "Smith")
        for city in ("Kiel", None)
    ]
    schema = pa.schema([JOBS.schema.field(name) for name in ("title", "description", "skills", "city")])
    names = post_names(pa.Table.from_pylist(rows, schema)).to_pylist()
    shuffled = post_names(pa.Table.from_pylist([rows[position] for position in order], schema)).to_pylist()
    assert shuffled == [names[position] for position in order]
    assert len(set(names)) == 6


def test_case_space_the_order_of_skills_and_columns_without_values_do_not_change_a_name():
    one = {"title": "Line Cook", "description": "Fry", "skills": ["Fry", "Grill"]}
    other = {"title": "line  cook", "description": "FRY", "skills": ["grill", "fry"], "company": None, "city": ""}
    first, second = (
        post_names(pa.Table.from_pylist([row], pa.schema([JOBS.schema.field(name) for name in row]))).to_pylist()
        for row in (one, other)
    )
    assert first == second


def test_importing_twice_writes_nothing_twice(tmp_path):
    lines = [line(), line(firm="Dune Rail"), line(body=LONG), line(body=LONG, tags="MIG, TIG")]
    assert imported(tmp_path, UNNAMED, *lines)[0] == (3, 0, 1)
    assert imported(tmp_path, UNNAMED, *lines)[0] == (0, 3, 1)
    assert imported(tmp_path, UNNAMED, *reversed(lines[:3]))[0] == (0, 3, 0)


def test_a_lake_whose_posts_were_named_by_title_and_text_knows_them_again(tmp_path):
    """The build before kept the first of two employers' posts, under a name that both had."""
    before = f"post-{sha256(json.dumps(['Welder', '']).encode()).hexdigest()[:24]}"
    lake = Lake(str(tmp_path / "lake"))
    (tmp_path / "posts.csv").write_text(HEADER + line() + "\n")
    (tmp_path / "posts.yaml").write_text(UNNAMED)
    (held,) = read_posts(tmp_path / "posts.csv", read_mapping(tmp_path / "posts.yaml"), CLOCK)
    row = {**held[2].drop_columns(["metier.reason", "job_id"]).to_pylist()[0], "job_id": before, "openings": 1}
    moment = row["event_timestamp"]
    lake.append("jobs", pa.Table.from_pylist([{**row, "recorded_at": moment}], JOBS.schema))
    assert imported(tmp_path, UNNAMED, line(), line(firm="Dune Rail"), lake=lake)[0] == (1, 1, 0)
    assert before in names_of(tmp_path)
