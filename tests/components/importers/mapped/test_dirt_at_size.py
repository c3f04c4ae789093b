"""Three thousand posts with so many of every kind of dirt: the import finds exactly what was planted."""

import json
import random
from collections import Counter
from datetime import UTC, datetime

import pytest

from components.importers.mapped.posts import import_posts
from metier.lake import Lake

CLOCK = datetime(2026, 4, 1, tzinfo=UTC)
MAPPING = """
clock: 2026-03-31T12:00:00Z
id: post
jobs:
  title: {from: title, kind: text}
  description: {from: body, kind: html}
  skills: {from: tags, kind: list}
  client_id: {from: client, kind: text}
  posted_at: {from: posted, kind: relative_date}
  budget_min_usd: {from: pay, kind: money}
  budget_max_usd: {from: pay, kind: money}
  visibility: {kind: constant, value: public}
  status: {from: state, kind: text}
"""
COLUMNS = ("post", "title", "body", "tags", "client", "posted", "pay", "state")
PLANTED = {
    "clean": 2000,
    "html": 210,
    "white space": 150,
    "mojibake": 70,
    "e-mail": 110,
    "phone": 60,
    "link": 90,
    "list": 80,
    "broken list": 30,
    "relative date": 55,
    "ambiguous date": 25,
    "range": 45,
    "other currency": 35,
    "copy": 65,
    "near-duplicate": 40,
    "no id": 15,
    "no text": 20,
    "unknown state": 10,
    "too few values": 12,
    "invalid bytes": 18,
}


def words(random_, count):
    return " ".join("".join(random_.choices("bcdfglmnprst", k=6)) for _ in range(count))


def post(random_, number):
    return {
        "post": f"p{number}",
        "title": words(random_, 3),
        "body": words(random_, 60),
        "tags": "cooking|baking",
        "client": f"c{number % 50}",
        "posted": "2026-03-01",
        "pay": "$20",
        "state": "open",
    }


def spoiled(kind, row, kept):
    """The row with that dirt; copies and near-duplicates are of rows of `kept`."""
    body = row["body"]
    changes = {
        "clean": {},
        "html": {"body": f"<p>{body}</p><ul><li>and more</li></ul>"},
        "white space": {"title": f"  {row['title']}\u200b \u00a0x"},
        "mojibake": {"title": f"CafÃ© {row['title']}"},
        "e-mail": {"body": f"{body} write to ann.lee@example.com"},
        "phone": {"body": f"{body} ring +44 20 7946 0958"},
        "link": {"body": f"{body} see https://example.com/jobs"},
        "list": {"tags": "['cooking', 'menus']"},
        "broken list": {"tags": "['cooking', "},
        "relative date": {"posted": "3 days ago"},
        "ambiguous date": {"posted": "01/02/2026"},
        "range": {"pay": "15 - 25 $"},
        "other currency": {"pay": "20 EUR"},
        "no id": {"post": ""},
        "no text": {"title": " ", "body": "<p></p>"},
        "unknown state": {"state": "perhaps"},
    }
    if kind == "copy":
        return dict(kept)
    if kind == "near-duplicate":
        return {**kept, "post": row["post"], "body": kept["body"] + " urgent"}
    return {**row, **changes[kind]}


def line(kind, row):
    """The row as bytes of the file."""
    if kind == "too few values":
        return b"only,three,values"
    cells = ['"' + row[name].replace('"', '""') + '"' for name in COLUMNS]
    told = ",".join(cells).encode()
    return told + b"\xe9" if kind == "invalid bytes" else told


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dirt")
    random_ = random.Random(11)
    kinds = list(Counter(PLANTED).elements())
    random_.shuffle(kinds)
    kinds.insert(0, kinds.pop(kinds.index("clean")))
    rows, clean = [], []
    for number, kind in enumerate(kinds):
        row = post(random_, number)
        if kind not in ("too few values", "invalid bytes"):
            row = spoiled(kind, row, clean[number % len(clean)] if clean else None)
        if kind == "clean":
            clean.append(row)
        rows.append(line(kind, row))
    (folder / "posts.csv").write_bytes(b"\n".join([",".join(COLUMNS).encode(), *rows]) + b"\n")
    (folder / "posts.yaml").write_text(MAPPING)
    lake = Lake(str(folder / "lake"))
    return lake, import_posts(lake, folder / "posts.csv", folder / "posts.yaml", CLOCK).tables["jobs"]


def test_every_row_is_written_or_accounted_for(imported):
    report = imported[1]
    refused = ("near-duplicate", "no id", "no text", "unknown state", "too few values", "invalid bytes")
    assert report.read == sum(PLANTED.values())
    assert report.duplicates == PLANTED["copy"]
    assert report.quarantined == sum(PLANTED[kind] for kind in refused)
    assert report.written == report.read - report.duplicates - report.quarantined
    assert imported[0].counts()["jobs"] == report.written


def test_each_reason_counts_its_rows(imported):
    assert imported[1].reasons == {
        "near-duplicate of job that its row in quarantine names": PLANTED["near-duplicate"],
        "job_id is missing": PLANTED["no id"],
        "post has neither title nor description": PLANTED["no text"],
        "status is not one of open, paused, filled, closed, removed": PLANTED["unknown state"],
        "row has 3 values where the header has 8": PLANTED["too few values"],
        "row is not valid UTF-8": PLANTED["invalid bytes"],
    }


def test_cleaned_and_masked_rows_are_those_that_were_spoiled(imported):
    texts = imported[1].texts
    title, body = PLANTED["white space"] + PLANTED["mojibake"], PLANTED["html"]
    assert texts.cleaned == {"title": title, "description": body + PLANTED["no text"]}
    assert texts.cleaned_rows == title + body + PLANTED["no text"]
    assert texts.masked == {"description": {kind: PLANTED[kind] for kind in ("e-mail", "phone", "link")}}
    assert texts.masked_rows == sum(PLANTED[kind] for kind in ("e-mail", "phone", "link"))


def test_what_cannot_be_read_with_certainty_is_left_empty_and_counted(imported):
    assert imported[1].warnings == (
        f"left empty: skills {PLANTED['broken list']} x a list that cannot be read; "
        f"posted_at {PLANTED['ambiguous date']} x a date whose day and month cannot be told apart; "
        f"budget_min_usd {PLANTED['other currency']} x in EUR, not in US dollars; "
        f"budget_max_usd {PLANTED['other currency']} x in EUR, not in US dollars",
    )


def test_nothing_that_was_masked_is_anywhere_in_the_lake(imported):
    lake = imported[0]
    jobs = lake.read("jobs", ["title", "description", "budget_max_usd", "posted_at"])
    held = json.dumps([jobs["title"].to_pylist(), jobs["description"].to_pylist()])
    assert not any(trace in held for trace in ("ann.lee", "7946", "example.com", "<p>", "Ã©", "\\u200b"))
    assert jobs["budget_max_usd"].to_pylist().count(25.0) == PLANTED["range"]
    assert jobs["posted_at"].to_pylist().count(datetime(2026, 3, 28, 12, tzinfo=UTC)) == PLANTED["relative date"]
