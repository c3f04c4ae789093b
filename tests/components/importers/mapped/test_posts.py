"""A CSV with every kind of dirt becomes clean jobs and clients, counted to the row."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from components.importers.mapped.mapping import read_mapping
from components.importers.mapped.posts import import_posts, read_posts
from metier.errors import ContractError, EmptyDataError
from metier.lake import Lake

CLOCK = datetime(2026, 4, 1, tzinfo=UTC)

MAPPING = """
delimiter: ";"
clock: 2026-03-31T12:00:00Z
id: Post
jobs:
  title: {from: Role, kind: text}
  description: {from: Body, kind: html}
  skills: {from: Tags, kind: list}
  client_id: {from: Client, kind: text}
  city: {from: Town, kind: text}
  posted_at: {from: Posted, kind: relative_date}
  budget_kind: {from: Terms, kind: text}
  budget_min_usd: {from: Pay, kind: rate}
  budget_max_usd: {from: Pay, kind: rate}
  openings: {from: Seats, kind: text}
  visibility: {kind: constant, value: public}
  status: {from: State, kind: text}
clients:
  payment_verified: {from: Verified, kind: boolean}
  joined_at: {from: Since, kind: date, format: "%d/%m/%Y"}
"""

LONG = (
    "We look for a careful cook who plans the menus of a small inn by the river, buys what the season gives, leads two "
    "helpers, keeps the kitchen clean, writes the orders in the evening and works on four days of each week including "
    "one Sunday"
)
HEADER = "Post;Role;Body;Tags;Client;Town;Posted;Terms;Pay;Seats;State;Verified;Since\n"
ROWS = [
    # 1: clean
    f"p1;Cook;{LONG};Cooking|Menus;c1;Reno;2026-03-01;hourly;20;1;open;yes;01/02/2020",
    # 2: HTML, entities, white space; a range by the hour; Python list; relative date
    "p2; Line\u00a0 cook ;\"<p>Grill &amp; fry</p><ul><li>Fast</li></ul>\";\"['Grill', 'Fry']\";c1;Reno;"
    "3 days ago;Hourly;USD 15-25/hr;2;Open;;",
    # 3: mojibake, a zero-width space; e-mail, phone and link; a JSON list
    'p3;CafÃ© host\u200b;"Mail jo@x.com, call 555-123-4567 or see https://x.com/jobs";"[""Service"", ""ann@x.com""]";'
    "c2;Elko;posted yesterday;fixed;$1,200.50;;open;no;31/12/2019",
    # 4: other currency; unknown terms; a list that cannot be read
    "p4;Baker;Bread and cakes;\"['Bread', \";c2;Elko;Mar 5, 2026;barter;1.200,50 EUR;1;open;maybe;",
    # 5: ambiguous number and ambiguous date: known since the export
    "p5;Waiter;Tables on the terrace;Service, Wine;c3@x.com;Ely;01/02/2026;;1.200;1;open;;",
    # 6: equal to row 1
    f"p1;Cook;{LONG};Cooking|Menus;c1;Reno;2026-03-01;hourly;20;1;open;yes;01/02/2020",
    # 7: text of row 1 under another id
    f"p7;Cook;<b>{LONG}</b>;Cooking;c1;Reno;2026-03-02;hourly;22;1;open;;",
    # 8: nearly the text of row 1
    f"p8;Cook;{LONG} (urgent);Cooking;c1;Reno;2026-03-03;hourly;22;1;open;;",
    # 9: text of row 1 in another town: another job
    f"p9;Cook;{LONG};Cooking;c1;Elko;2026-03-02;hourly;22;1;open;;",
    # 10: no text at all
    "p10; ;<p></p>;;c4;Elko;2026-03-02;;;1;open;;",
    # 11: no id
    ";Clerk;Books and letters;;c5;Ely;2026-03-02;;;1;open;;",
    # 12: unknown state, which a status needs; with a phone number that must not reach the quarantine
    "p12;Clerk;Files;;c1;Ely;2026-03-02;;;1;call +44 20 7946 0958;;",
    # 13: id of row 2 at its time with other content
    "p2;Grill cook;Other words;Grill;c1;Reno;2026-03-28T12:00:00Z;;;1;open;;",
    # 14: another version of row 4
    "p4;Baker;Bread and cakes and rolls;Bread;c2;Elko;2026-03-06;;;1;closed;;",
    # 15: after the run's clock
    "p15;Driver;Vans;;c6;Ely;2026-05-01;;;1;open;;",
]
BROKEN = [
    "p16;Nurse;ragged jo@x.com",
    "p17;Caf\xe9;Books;;c1;Ely;2026-03-02;;;1;open;;",
]


@pytest.fixture
def files(tmp_path):
    posts, mapping = tmp_path / "posts.csv", tmp_path / "posts.yaml"
    text = (HEADER + "\n".join(ROWS) + "\n" + BROKEN[0] + "\n").encode()
    posts.write_bytes(text + BROKEN[1].encode("latin-1") + b"\n")
    mapping.write_text(MAPPING)
    return posts, mapping


@pytest.fixture
def imported(files, tmp_path):
    lake = Lake(str(tmp_path / "lake"))
    return lake, import_posts(lake, *files, CLOCK)


def test_every_row_is_counted_once(imported):
    """17 rows: p1 to p5, p9 and the new version of p4 are written, row 6 is row 1, nine are quarantined."""
    jobs = imported[1].tables["jobs"]
    assert (jobs.read, jobs.written, jobs.duplicates, jobs.quarantined) == (17, 7, 1, 9)
    assert jobs.reasons == {
        "repeats the text of job that its row in quarantine names": 1,
        "near-duplicate of job that its row in quarantine names": 1,
        "post has neither title nor description": 1,
        "job_id is missing": 1,
        "status is not one of open, paused, filled, closed, removed": 1,
        "contradicts job that its row in quarantine names": 1,
        "event_timestamp is after the run's clock; recorded_at is after the run's clock": 1,
        "row has 3 values where the header has 13": 1,
        "row is not valid UTF-8": 1,
    }


def test_cleaned_masked_and_refused_values_are_counted_by_column(imported):
    jobs = imported[1].tables["jobs"]
    assert (jobs.texts.cleaned_rows, jobs.texts.cleaned) == (4, {"title": 2, "description": 3})
    assert jobs.texts.masked_rows == 4
    assert jobs.texts.masked == {
        "description": {"e-mail": 1, "link": 1, "phone": 1},
        "skills": {"e-mail": 1},
        "client_id": {"e-mail": 1},
        "status": {"phone": 1},
        "unread rows": {"e-mail": 1},
    }
    assert jobs.warnings == (
        "left empty: skills 1 x a list separated otherwise than the column's others, 1 x a list that cannot be read; "
        "posted_at 1 x a date whose day and month cannot be told apart; "
        "budget_kind 1 x not one of the contract's values; "
        "budget_min_usd 1 x a number that can be read in two ways, 1 x in EUR, not in US dollars; "
        "budget_max_usd 1 x a number that can be read in two ways, 1 x in EUR, not in US dollars; "
        "payment_verified 1 x neither yes nor no",
    )


def test_jobs_are_clean(imported):
    jobs = {row["job_id"]: row for row in imported[0].read("jobs").to_pylist()}
    assert set(jobs) == {"p1", "p2", "p3", "p4", "p5", "p9"}
    grill, host, waiter = jobs["p2"], jobs["p3"], jobs["p5"]
    assert (grill["title"], grill["description"]) == ("Line cook", "Grill & fry\n- Fast")
    assert (grill["skills"], grill["openings"], grill["status"]) == (["Grill", "Fry"], 2, "open")
    assert (grill["budget_kind"], grill["budget_min_usd"], grill["budget_max_usd"]) == ("hourly", 15, 25)
    assert grill["posted_at"] == grill["event_timestamp"] == datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert (host["title"], host["skills"], host["openings"]) == ("Café host", ["Service"], 1)
    assert host["description"] == "Mail [e-mail], call [phone] or see [link]"
    assert (host["budget_min_usd"], jobs["p4"]["budget_min_usd"], waiter["budget_min_usd"]) == (1200.5, None, None)
    assert (waiter["posted_at"], waiter["event_timestamp"]) == (None, datetime(2026, 3, 31, 12, tzinfo=UTC))


def test_clients_are_those_of_written_jobs_each_since_the_first_post(imported):
    lake, report = imported
    clients = {row["client_id"]: row for row in lake.read("clients").to_pylist()}
    assert report.tables["clients"].written == 3
    assert {"c1", "c2"} < set(clients)
    assert all(name.startswith("id-") for name in set(clients) - {"c1", "c2"})
    assert (clients["c1"]["payment_verified"], clients["c2"]["payment_verified"]) == (True, False)
    assert clients["c1"]["joined_at"] == datetime(2020, 2, 1, tzinfo=UTC)
    assert clients["c2"]["event_timestamp"] == datetime(2026, 3, 5, tzinfo=UTC)
    assert {row["client_id"] for row in lake.read("jobs").to_pylist()} == set(clients)


def test_the_quarantine_names_the_job_that_is_kept(imported):
    kept = {row["reason"]: json.loads(row["row"])["job_id"] for row in imported[0].quarantined("jobs").to_pylist()}
    assert kept["repeats the text of job p1 of row 1"] == "p7"
    assert kept["near-duplicate of job p1 of row 1 (similarity 0.98)"] == "p8"
    assert kept["contradicts job p2 of row 2"] == "p2"


def test_no_address_number_or_link_reaches_a_file_of_the_lake(imported):
    lake, _ = imported
    held = [lake.read("jobs"), lake.read("clients"), lake.quarantined("jobs"), lake.quarantined("clients")]
    text = json.dumps([rows.to_pylist() for rows in held], default=str)
    assert text.count("[e-mail]") == 2
    assert not any(secret in text for secret in ("@x.com", "555-123", "+44 20", "https://"))


def test_importing_twice_writes_nothing_twice(imported, files):
    lake, first = imported
    digest, quarantined = lake.digest(), lake.quarantined("jobs")
    again = import_posts(lake, *files, CLOCK).tables
    assert [(again[name].written, again[name].duplicates) for name in ("clients", "jobs")] == [(0, 3), (0, 8)]
    assert again["jobs"].reasons == first.tables["jobs"].reasons
    assert (lake.digest(), lake.quarantined("jobs")) == (digest, quarantined)


def test_without_an_id_a_post_is_named_by_its_text(files, tmp_path):
    posts, mapping = files
    mapping.write_text(MAPPING.replace("id: Post\n", ""))
    posts.write_text(HEADER + "\n".join((ROWS[0], ROWS[5], ROWS[6], ROWS[4])))
    lake = Lake(str(tmp_path / "lake"))
    jobs = import_posts(lake, *files, CLOCK).tables["jobs"]
    assert (jobs.read, jobs.written, jobs.duplicates, jobs.quarantined) == (4, 2, 1, 1)
    assert all(name.startswith("post-") for name in lake.read("jobs")["job_id"].to_pylist())


def test_a_row_that_is_no_job_is_not_what_a_near_duplicate_is_kept_as(files, tmp_path):
    posts, _ = files
    without_id = ROWS[0].removeprefix("p1")
    posts.write_text(HEADER + without_id + "\n" + ROWS[7])
    lake = Lake(str(tmp_path / "lake"))
    assert import_posts(lake, *files, CLOCK).tables["jobs"].reasons == {"job_id is missing": 1}
    assert lake.read("jobs")["job_id"].to_pylist() == ["p8"]


RANGE = """
clock: 2026-03-31
jobs:
  title: {from: Role, kind: text}
  description: {kind: constant, value: ""}
  skills: {kind: constant, value: []}
  salary_min_usd: {from: Low, kind: salary}
  salary_max_usd: {from: High, kind: salary}
  posted_at: {from: Posted, kind: date}
  visibility: {kind: constant, value: public}
  status: {kind: constant, value: open}
"""


def test_a_range_that_runs_backwards_and_a_date_before_any_market_cost_only_their_values(files, tmp_path):
    posts, mapping = files
    mapping.write_text(RANGE)
    posts.write_text("Role,Low,High,Posted\nTiler,80000,60000,0001-01-01\nRoofer,60000,80000,2026-03-01\n")
    lake = Lake(str(tmp_path / "lake"))
    report = import_posts(lake, *files, CLOCK).tables["jobs"]
    assert report.warnings[0].startswith(
        "left empty: posted_at 1 x before 1990-01-01; salary_min_usd 1 x above salary_max_usd"
    )
    columns = ("title", "salary_min_usd", "salary_max_usd", "event_timestamp")
    assert sorted(tuple(row[name] for name in columns) for row in lake.read("jobs").to_pylist()) == [
        ("Roofer", 60_000, 80_000, datetime(2026, 3, 1, tzinfo=UTC)),
        ("Tiler", None, None, datetime(2026, 3, 31, tzinfo=UTC)),
    ]


def test_a_file_of_nothing_but_broken_rows_and_one_without_rows(files, tmp_path):
    posts, _ = files
    posts.write_text(HEADER + BROKEN[0])
    report = import_posts(Lake(str(tmp_path / "lake")), *files, CLOCK).tables
    assert (set(report), report["jobs"].quarantined) == ({"jobs"}, 1)
    posts.write_text(HEADER)
    with pytest.raises(EmptyDataError, match=r"posts\.csv holds no rows"):
        import_posts(Lake(str(tmp_path / "lake")), *files, CLOCK)


def test_a_source_that_the_file_lacks_is_named_with_its_column(files):
    posts, mapping = files
    posts.write_text(posts.read_text(errors="replace").replace(";Pay;", ";Wage;", 1))
    with pytest.raises(ContractError) as refused:
        list(read_posts(posts, read_mapping(mapping)))
    assert str(refused.value) == (
        f"{posts} has no column 'Pay', from which {mapping} takes budget_min_usd; its columns are: "
        "Post, Role, Body, Tags, Client, Town, Posted, Terms, Wage, Seats, State, Verified, Since"
    )


def metier(home, *arguments):
    command = [sys.executable, "-c", "from metier.cli.app import main; main()", *map(str, arguments)]
    environment = {**os.environ, "METIER_HOME": str(home), "METIER_AS_OF": CLOCK.isoformat()}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_the_command_imports_and_a_wrong_mapping_is_one_line_and_exit_status_2(files, tmp_path):
    posts, mapping = files
    done = metier(tmp_path / "home", "import", "posts", posts, "--mapping", mapping, "--json")
    assert json.loads(done.stdout)["tables"]["jobs"]["written"] == 7
    mapping.write_text(MAPPING.replace("{from: Role, kind: text}", "{from: Role, kind: txt}"))
    refused = metier(tmp_path / "home", "import", "posts", posts, "--mapping", mapping)
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"metier: {mapping}: column title of jobs has unknown kind 'txt'")
    assert refused.stderr.count("\n") == 1
