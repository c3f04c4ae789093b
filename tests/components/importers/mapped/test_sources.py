"""What stands beside a sum or within a cell: currency and period columns, objects, and lists that a path finds."""

import json
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.importers.mapped.mapping import read_mapping
from components.importers.mapped.posts import import_posts
from metier.errors import ContractError
from metier.lake import Lake

CLOCK = datetime(2030, 1, 1, tzinfo=UTC)
MAPPING = """
id: nr
clock: 2029-12-31
jobs:
  title: {{from: title, kind: text}}
  description: {{kind: constant, value: ""}}
  visibility: {{kind: constant, value: public}}
  status: {{kind: constant, value: open}}
{columns}
"""
SKILLS = "  skills: {kind: constant, value: []}\n"


def imported(tmp_path, path, columns):
    (tmp_path / "map.yaml").write_text(MAPPING.format(columns=columns))
    lake = Lake(str(tmp_path / "lake"))
    report = import_posts(lake, path, tmp_path / "map.yaml", CLOCK)
    return {job["job_id"]: job for job in lake.read("jobs").to_pylist()}, report.tables["jobs"]


def written(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    return tmp_path / name


def test_a_period_and_a_currency_beside_a_sum_decide_what_it_is(tmp_path):
    path = written(
        tmp_path,
        "posts.csv",
        "nr,title,low,high,each,money\n1,Tiler,25.0,35,HOURLY,USD\n2,Cook,60000,70000,Per Year,usd\n"
        "3,Maid,3000,4000,MONTHLY,USD\n4,Smith,60000,70000,YEARLY,CHF\n5,Baker,50000,,,\n6,Nurse,,,HOURLY,USD\n"
        "7,Vet,$40k - $50k,,1 YEAR,\n8,Clerk,n/a,-,YEARLY,USD\n",
    )
    terms = "currency: money, period: each"
    jobs, report = imported(
        tmp_path,
        path,
        f"  salary_min_usd: {{from: low, kind: salary, {terms}}}\n"
        f"  salary_max_usd: {{from: high, kind: salary, {terms}}}\n"
        f"  budget_min_usd: {{from: low, kind: rate, period: each, currency: money}}\n{SKILLS}",
    )
    salaries = {no: (job["salary_min_usd"], job["salary_max_usd"]) for no, job in jobs.items()}
    assert salaries == {
        "1": (None, None), "2": (60_000, 70_000), "3": (None, None), "4": (None, None), "5": (50_000, None),
        "6": (None, None), "7": (40_000, None), "8": (None, None),
    }  # fmt: skip
    assert {no: job["budget_min_usd"] for no, job in jobs.items() if job["budget_min_usd"] is not None} == {"1": 25}
    assert "salary_min_usd 1 x by the hour, not by the year, 1 x by the month, not by the year, 1 x in CHF" in " ".join(
        report.warnings
    )
    assert (report.written, report.quarantined) == (8, 0)


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        ("title: {from: title, kind: text, period: each}", "period is for kind money"),
        ("budget_min_usd: {from: low, kind: rate, period: 3}", "put it in quotes"),
        ("budget_min_usd: {from: low, kind: rate, currency: c, pattern: '(.*)'}", "leave pattern and values out"),
    ],
)
def test_terms_that_cannot_be_meant_are_refused(tmp_path, declared, told):
    text = MAPPING.format(columns=SKILLS).replace("  title: {from: title, kind: text}", f"  {declared}")
    (tmp_path / "map.yaml").write_text(text)
    with pytest.raises(ContractError, match=told):
        read_mapping(tmp_path / "map.yaml")


def test_a_text_column_takes_what_a_path_finds_once_and_no_object(tmp_path):
    posts = [
        {"nr": 1, "title": "Tiler", "places": [{"town": "Elko"}], "owner": "Ann & Co", "skills": [{"name": "Tiling"}]},
        {"nr": 2, "title": "Cook", "places": [{"town": "Elko"}, {"town": "Ely"}], "owner": {"label": "Inn"}},
        {"nr": 3, "title": "Maid", "places": [{"town": "Ely"}, {"town": "Ely"}], "owner": [{"label": "Inn"}]},
        {"nr": 4, "title": "Smith", "places": [], "owner": None, "skills": [{"name": "Lead, slate"}, {"name": "Tin"}]},
    ]
    path = written(tmp_path, "posts.json", json.dumps(posts))
    jobs, report = imported(
        tmp_path,
        path,
        "  city: {from: places.town, kind: text}\n  company: {from: owner, kind: text}\n"
        "  skills: {from: skills, kind: list}\n",
    )
    assert [jobs[no]["city"] for no in "1234"] == ["Elko", None, "Ely", None]
    assert [jobs[no]["company"] for no in "1234"] == ["Ann & Co", None, None, None]
    assert [jobs[no]["skills"] for no in "1234"] == [["Tiling"], [], [], ["Lead, slate", "Tin"]]
    assert "city 1 x several values; name one by its number" in " ".join(report.warnings)
    assert "company 2 x an object; name a field of it by a path" in " ".join(report.warnings)


def test_structures_of_parquet_are_lists_and_pay_and_no_text(tmp_path):
    path = tmp_path / "posts.parquet"
    pay = {"currency": "USD", "value": {"minValue": 40, "maxValue": 50, "unitText": "HOUR"}}
    columns = {
        "nr": ["1", "2"],
        "title": pa.array(["Tiler", "Cook"]).dictionary_encode(),
        "tags": [[{"id": 1, "name": "Tiling"}, {"id": 2, "name": "Tin"}], None],
        "pay": [pay, None],
    }
    pq.write_table(pa.table(columns), path)
    jobs, _ = imported(
        tmp_path, path, "  skills: {from: tags, kind: list}\n  budget_max_usd: {from: pay, kind: rate}\n"
    )
    assert [(jobs[no]["skills"], jobs[no]["budget_max_usd"]) for no in "12"] == [(["Tiling", "Tin"], 50), ([], None)]
    with pytest.raises(ContractError, match=r"column 'pay' of the file has type struct.*name a field of it by a path"):
        imported(tmp_path, path, f"  city: {{from: pay, kind: text}}\n{SKILLS}")
