"""A first mapping is guessed from names and values, and runs as it is where nothing has to be decided."""

import json
from datetime import UTC, datetime

import pytest

from components.importers.mapped.guessing.guess import guess
from components.importers.mapped.interactions import import_interactions
from components.importers.mapped.people import import_clients, import_people
from components.importers.mapped.posts import import_posts
from metier.errors import ContractError
from metier.lake import Lake

CLOCK = datetime(2030, 1, 1, tzinfo=UTC)
IMPORTS = {
    "jobs": import_posts,
    "freelancers": import_people,
    "clients": import_clients,
    "interactions": import_interactions,
}
GREENHOUSE = json.dumps(
    {
        "jobs": [
            {"id": 4, "title": "Glazier", "content": "&lt;p&gt;Set panes&lt;/p&gt;", "location": {"name": "Cork"},
             "updated_at": "2026-01-05T10:00:00-04:00", "departments": [{"name": "Works"}]},
            {"id": 5, "title": "Mason", "content": "&lt;p&gt;Lay brick&lt;/p&gt;", "location": {"name": None},
             "updated_at": None, "departments": []},
        ],
        "meta": {"total": 2},
    }
)  # fmt: skip
LEVER = json.dumps(
    [
        {"id": "a-1", "text": "Glazier", "descriptionPlain": "Set panes", "createdAt": 1767600000000,
         "categories": {"team": "Works", "location": "Cork", "commitment": "Full-time"}},
        {"id": "a-2", "text": "Mason", "descriptionPlain": "Lay brick", "createdAt": 1767700000000,
         "categories": {"team": "Works", "location": "Oulu"}},
    ]
)  # fmt: skip
POSTING = json.dumps(
    {
        "@context": "https://schema.org", "@type": "JobPosting",
        "identifier": {"@type": "PropertyValue", "value": "g7"}, "title": "Glazier",
        "description": "<p>Set panes</p>", "datePosted": "2026-01-06",
        "hiringOrganization": {"@type": "Organization", "name": "Bright Panes"},
        "jobLocation": {"@type": "Place", "address": {"addressLocality": "Cork", "addressCountry": "IE"}},
        "baseSalary": {"@type": "MonetaryAmount", "currency": "USD",
                       "value": {"@type": "QuantitativeValue", "minValue": 20, "maxValue": 30, "unitText": "HOUR"}},
    }
)  # fmt: skip
FILES = {
    "posts.csv": (
        "Job Title;Company Name;Location;Job Description;Posted Date;Key Skills\n"
        "Glazier;Bright Panes;Cork;Set panes;3 days ago;Glass|Putty\nMason;Wall & Co;Oulu;Lay brick;yesterday;Brick\n",
        "jobs", 2,
    ),
    "board.json": (GREENHOUSE, "jobs", 2),
    "lever.json": (LEVER, "jobs", 2),
    "posting.jsonld": (POSTING, "jobs", 1),
    "people.csv": (
        "uid,headline,bio,skills,hourly_rate\nann,Tiler,Floors,\"['Grout', 'Stone']\",$30\nbo,Mason,,Brick,$20\n",
        "freelancers", 2,
    ),
    "companies.csv": ("company_id,country,payment_verified\nk1,NO,yes\nk2,SE,no\n", "clients", 2),
    "log.csv": ("user_id,item_id,action,timestamp\nu1,j1,view,1769900000\nu1,j2,apply,1769900001\n", "interactions", 2),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_guess_runs_as_it_is(tmp_path, name):
    content, table, rows = FILES[name]
    (tmp_path / name).write_text(content)
    mapping = tmp_path / "guessed.yaml"
    mapping.write_text(guess(tmp_path / name))
    lake = Lake(str(tmp_path / "lake"))
    report = IMPORTS[table](lake, tmp_path / name, mapping, CLOCK).tables[table]
    assert (report.read, report.written) == (rows, rows), mapping.read_text()


def test_what_boards_call_a_column_is_found(tmp_path):
    (tmp_path / "posting.jsonld").write_text(POSTING)
    (tmp_path / "guessed.yaml").write_text(guess(tmp_path / "posting.jsonld"))
    lake = Lake(str(tmp_path / "lake"))
    import_posts(lake, tmp_path / "posting.jsonld", tmp_path / "guessed.yaml", CLOCK)
    (job,) = lake.read("jobs").to_pylist()
    assert (job["job_id"], job["company"], job["city"], job["country"]) == ("g7", "Bright Panes", "Cork", "IE")
    assert (job["description"], job["budget_min_usd"], job["budget_max_usd"]) == ("Set panes", 20, 30)
    assert job["posted_at"] == datetime(2026, 1, 6, tzinfo=UTC)


def test_what_a_person_has_to_decide_is_said_and_columns_that_stay_out_are_named(tmp_path):
    (tmp_path / "posts.csv").write_text(
        "job_id,title,seniority level,shoe size\n1,Cook,wizard,44\n2,Baker,warlock,45\n"
    )
    told = guess(tmp_path / "posts.csv", "jobs").splitlines()
    assert [line for line in told if "experience_level" in line] == [
        '  # decide: experience_level from "seniority level": not one of the contract\'s values in 100%'
    ]
    assert "# not mapped: shoe size" in told
    assert any(line.startswith("  description: {kind: constant, value: ''}  # decide:") for line in told)


def test_nothing_of_what_cells_say_is_written(tmp_path):
    (tmp_path / "people.csv").write_text("uid,headline,rate\nann@example.com,Secret trade,$4\n")
    assert not {"ann", "Secret"} & set(guess(tmp_path / "people.csv").replace("@", " ").split())


def test_a_file_of_unknown_names_is_refused_with_the_next_move(tmp_path):
    (tmp_path / "a.csv").write_text("q1,q2\n1,2\n")
    with pytest.raises(ContractError, match="no column has a name that is known; say what it holds by --table"):
        guess(tmp_path / "a.csv")


def guessed(tmp_path, name, content):
    """Lines of the mapping without what is not mapped."""
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    lines = guess(tmp_path / name).splitlines()
    return [line.strip() for line in lines if not line.startswith("# not mapped")]


def test_terms_beside_pay_ids_written_as_floats_and_second_columns_are_seen(tmp_path):
    lines = guessed(
        tmp_path,
        "posts.csv",
        "jobId,job_title,company_id,min_salary,pay_period\n1,Tiler,7.0,30,HOURLY\n2,Cook,,60000,YEARLY\n",
    )
    assert 'client_id: {from: "company_id", kind: text, pattern: "^(.*?)(?:\\\\.0)?$"}' in lines
    assert any(
        line.startswith('salary_min_usd: {from: "min_salary", kind: salary, period: "pay_period"}  # 50%')
        for line in lines
    )
    lines = guessed(tmp_path, "b.csv", "job_title,is_hourly,hourly_low,budget\nTiler,True,20,\nCook,False,,500\n")
    assert 'budget_kind: {from: "is_hourly", kind: text, values: {"yes": hourly, "no": fixed}}' in lines
    assert any('from: ["hourly_low", "budget"]' in line for line in lines)


def test_a_column_that_lacks_a_cell_names_no_row(tmp_path):
    posts = [{"id": 1, "requisition_id": "R-1", "title": "Tiler"}, {"id": 2, "requisition_id": None, "title": "Cook"}]
    assert 'id: "id"' in guessed(tmp_path, "posts.json", json.dumps(posts))


def test_places_within_lists_are_found_and_objects_are_no_texts(tmp_path):
    place = {"address": {"addressLocality": "Cork", "addressCountry": {"name": "IE"}}}
    lines = guessed(tmp_path, "posts.json", json.dumps([{"title": "Tiler", "jobLocation": [place, place]}]))
    assert 'city: {from: "jobLocation.0.address.addressLocality", kind: text}' in lines
    assert 'country: {from: "jobLocation.0.address.addressCountry.name", kind: text}' in lines


def test_a_file_of_another_encoding_is_read_and_told(tmp_path):
    lines = guessed(tmp_path, "posts.csv", "Job Title;Größe\nBäcker;3\n".encode("cp1252"))
    assert "encoding: cp1252  # decide: whether letters with accents are right" in lines


def test_people_are_told_from_posts_by_what_only_they_have(tmp_path):
    lines = guessed(tmp_path, "people.csv", "id,title,skills,hourlyRate,totalEarnings\n1,Tiler,A|B,$20/hr,$5k\n")
    assert "freelancers:" in lines


def test_boards_and_profiles_are_known_by_what_they_call_an_id_and_a_place_is_no_status(tmp_path):
    lines = guessed(tmp_path, "jobs.json", json.dumps([{"title": "Tiler", "shortcode": "A1", "state": "Attica"}]))
    assert 'id: "shortcode"' in lines
    assert 'region: {from: "state", kind: text}' in lines
    assert not [line for line in lines if "decide: status" in line]
    lines = guessed(tmp_path, "people.csv", "Profile URL,Headline,Hourly Rate\nhttps://x.example/~1,Tiler,$20\n")
    assert 'id: "Profile URL"' in lines
