"""A board's JSON and a JSON-LD page with planted dirt come in by dotted paths, counted to the row."""

import json
from datetime import UTC, datetime

from components.importers.mapped.posts import import_posts
from metier.lake import Lake

CLOCK = datetime(2026, 4, 1, tzinfo=UTC)
BOARD = """
clock: 2026-03-01
id: id
missing: [Anywhere]
jobs:
  title: {from: title, kind: text}
  description: {from: content, kind: html}
  skills: {kind: constant, value: []}
  category: {from: team.name, kind: text}
  city: {from: location.name, kind: text}
  posted_at: {from: updated_at, kind: date}
  visibility: {kind: constant, value: public}
  status: {kind: constant, value: open}
"""
PAGE = """
jobs:
  title: {from: title, kind: text}
  description: {from: description, kind: html}
  skills: {from: skills, kind: list}
  company: {from: hiringOrganization.name, kind: text}
  city: {from: jobLocation.address.addressLocality, kind: text}
  country: {from: [jobLocation.address.addressCountry, applicantLocationRequirements.name], kind: text}
  posted_at: {from: datePosted, kind: date}
  budget_min_usd: {from: baseSalary, kind: rate}
  salary_min_usd: {from: baseSalary, kind: salary}
  visibility: {kind: constant, value: public}
  status: {kind: constant, value: open}
"""


def opening(number, title="Glazier", **changes):
    made = {"id": number, "title": title, "content": "&lt;p&gt;Set panes&lt;/p&gt;", "team": {"name": "Works"},
            "location": {"name": "Cork"}, "updated_at": "2026-01-05T10:00:00-04:00"}  # fmt: skip
    return {**made, **changes}


def posting(title, employer, pay=None, **changes):
    made = {"@type": "JobPosting", "title": title, "description": "<p>Set panes</p>", "datePosted": "2026-01-06",
            "hiringOrganization": {"@type": "Organization", "name": employer},
            "jobLocation": {"address": {"addressLocality": "Cork", "addressCountry": "IE"}}}  # fmt: skip
    return {"@context": "https://schema.org", **made, **({"baseSalary": pay} if pay else {}), **changes}


def pay(unit, value, currency="USD"):
    return {"@type": "MonetaryAmount", "currency": currency, "value": {"value": value, "unitText": unit}}


def imported(tmp_path, name, content, mapping):
    (tmp_path / name).write_text(json.dumps(content))
    (tmp_path / "mapping.yaml").write_text(mapping)
    lake = Lake(str(tmp_path / "lake"))
    return lake, import_posts(lake, tmp_path / name, tmp_path / "mapping.yaml", CLOCK).tables["jobs"]


def test_a_board_is_counted_to_the_row(tmp_path):
    """10 openings: 11, 12, 13 and 14 are written, one is 11 again, five are quarantined."""
    openings = [
        opening(11),
        opening(12, "Mason", location={"name": "Anywhere"}, updated_at=None),
        opening(13, "Roofer", team=None, location=None),
        opening(11),
        opening(14, "Cook", content="Mail ann@example.com"),
        opening(15),  # what 11 says
        opening(11, content="Other work"),  # contradicts 11
        opening(None, "Tiler"),
        opening(16, "", content=None),
        opening(17, "Baker", updated_at="2027-01-05T10:00:00Z"),
    ]
    lake, jobs = imported(tmp_path, "board.json", {"jobs": openings, "meta": {"total": 10}}, BOARD)
    assert (jobs.read, jobs.written, jobs.duplicates, jobs.quarantined) == (10, 4, 1, 5)
    reasons = lake.quarantined("jobs")["reason"].to_pylist()
    assert "repeats the text of job 11 of row 1" in reasons
    assert "contradicts job 11 of row 1" in reasons
    assert "post has neither title nor description" in reasons
    held = {row["job_id"]: row for row in lake.read("jobs").to_pylist()}
    assert (held["11"]["description"], held["11"]["category"], held["11"]["city"]) == ("Set panes", "Works", "Cork")
    assert held["11"]["posted_at"] == datetime(2026, 1, 5, 14, tzinfo=UTC)
    assert (held["12"]["city"], held["12"]["posted_at"]) == (None, None)
    assert (held["13"]["category"], held["14"]["description"]) == (None, "Mail [e-mail]")
    assert jobs.texts.masked == {"description": {"e-mail": 1}}


def test_postings_of_schema_org_are_counted_to_the_row_and_pay_by_the_year_is_no_rate(tmp_path):
    """6 postings: four are written, one repeats, one has no text."""
    postings = [
        posting("Glazier", "Bright Panes", pay("HOUR", 25)),
        posting("Glazier", "Clear Glass", pay("YEAR", 52000)),
        posting("Glazier", "Bright Panes", pay("HOUR", 25)),
        posting("", "Bright Panes", description="<p> </p>"),
        posting("Mason", "Walls", pay("HOUR", 25, "EUR"), jobLocation=None,
                applicantLocationRequirements={"@type": "Country", "name": "FI"}),
        posting("Glazier", "Bright Panes", pay("HOUR", 35), skills="Glass, Putty"),
    ]  # fmt: skip
    lake, jobs = imported(tmp_path, "page.jsonld", postings, PAGE)
    assert (jobs.read, jobs.written, jobs.duplicates, jobs.quarantined) == (6, 4, 1, 1)
    held = {(row["company"], row["budget_min_usd"]): row for row in lake.read("jobs").to_pylist()}
    assert set(held) == {("Bright Panes", 25), ("Clear Glass", None), ("Walls", None), ("Bright Panes", 35)}
    assert held["Clear Glass", None]["salary_min_usd"] == 52000
    assert held["Walls", None]["country"] == "FI"


def test_a_path_that_leads_nowhere_is_told(tmp_path):
    _, jobs = imported(tmp_path, "board.json", {"jobs": [opening(1)]}, BOARD.replace("team.name", "squad.name"))
    assert (jobs.written, jobs.warnings) == (1, ("in no row of the file: category",))
