"""A mapping says where each column comes from; one that cannot be used says which column and why."""

from datetime import UTC, datetime

import pytest
import yaml

from components.importers.mapped.mapping import read_mapping
from metier.errors import ContractError, SettingsError


def declared():
    return {
        "id": "Post",
        "clock": "2026-03-01T12:00:00+01:00",
        "delimiter": ";",
        "jobs": {
            "title": {"from": "Role", "kind": "text"},
            "description": {"from": "Body", "kind": "html"},
            "skills": {"from": "Tags", "kind": "list"},
            "posted_at": {"from": "Posted", "kind": "relative_date"},
            "client_id": {"from": "Client", "kind": "text"},
            "budget_min_usd": {"from": "Pay", "kind": "rate"},
            "openings": {"kind": "constant", "value": 2},
            "visibility": {"kind": "constant", "value": "public"},
            "status": {"kind": "constant", "value": "open"},
        },
        "clients": {"payment_verified": {"from": "Verified", "kind": "boolean"}},
    }


@pytest.fixture
def refusal(tmp_path):
    def read(change):
        given = declared()
        change(given)
        path = tmp_path / "posts.yaml"
        path.write_text(yaml.safe_dump(given))
        with pytest.raises(ContractError) as refused:
            read_mapping(path)
        assert str(path) in str(refused.value)
        assert "\n" not in str(refused.value)
        return str(refused.value)

    return read


def test_a_whole_mapping(tmp_path):
    path = tmp_path / "posts.yaml"
    path.write_text(yaml.safe_dump(declared()))
    mapping = read_mapping(path)
    assert (mapping.id, mapping.file.delimiter, mapping.clock) == ("Post", ";", datetime(2026, 3, 1, 11, tzinfo=UTC))
    assert (mapping.rules["title"].sources, mapping.rules["title"].reading.kind) == (("Role",), "text")
    assert mapping.rules["openings"].constant == 2
    assert mapping.clients["payment_verified"].sources == ("Verified",)


def test_the_id_delimiter_clock_and_clients_may_be_left_out(tmp_path):
    given = declared()
    for key in ("id", "delimiter", "clock", "clients"):
        del given[key]
    given["jobs"]["posted_at"] = {"from": "Posted", "kind": "date", "format": "%d/%m/%Y"}
    path = tmp_path / "posts.yaml"
    path.write_text(yaml.safe_dump(given))
    mapping = read_mapping(path)
    assert (mapping.id, mapping.file.delimiter, mapping.clock, mapping.clients) == (None, ",", None, {})
    assert mapping.rules["posted_at"].reading.format == "%d/%m/%Y"


@pytest.mark.parametrize(
    ("column", "rule", "said"),
    [
        ("titel", {"from": "Role", "kind": "text"}, "column titel of jobs is not in the contract; use one of job_id, "),
        (
            "title",
            {"from": "Role", "kind": "txt"},
            "column title of jobs has unknown kind 'txt'; use one of text, html",
        ),
        ("title", {"from": "Role", "kind": ["text"]}, "column title of jobs has unknown kind"),
        ("title", {"kind": "text"}, "column title of jobs names no source; write 'from:'"),
        ("title", "Role", "column title of jobs is not declared as {from: ..., kind: ...}"),
        ("title", {"form": "Role", "kind": "text"}, "column title of jobs has an unknown key 'form'"),
        ("title", {"from": 2024, "kind": "text"}, "column title of jobs: from is 2024"),
        (
            "title",
            {"from": "Role", "kind": "money"},
            "column title of jobs is a text, not money; use kind text or html",
        ),
        ("title", {"from": "Role", "kind": "text", "value": "x"}, "column title of jobs: value is for kind constant"),
        ("title", {"from": "Role", "kind": "text", "format": "%Y"}, "column title of jobs: format is for kind date"),
        (
            "title",
            {"kind": "constant", "value": True},
            "column title of jobs is a constant; write 'value:' with a text",
        ),
        ("openings", {"kind": "constant", "value": True}, "column openings of jobs is a constant"),
        ("skills", {"kind": "constant", "value": [1]}, "column skills of jobs is a constant"),
        ("status", {"kind": "constant", "value": "Open"}, "column status of jobs is constant 'Open'; use one of open"),
        ("posted_at", {"kind": "constant", "value": "soon"}, "column posted_at of jobs is constant 'soon'"),
        (
            "job_id",
            {"from": "Post", "kind": "text"},
            "column job_id of jobs cannot be mapped; give its column as 'id:'",
        ),
    ],
)
def test_a_rule_that_cannot_be_used_names_its_column(refusal, column, rule, said):
    assert said in refusal(lambda given: given["jobs"].update({column: rule}))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda given: given["jobs"].pop("status"), "column status of jobs (text) is required; declare it"),
        (lambda given: given.pop("jobs"), "declares no 'jobs:'"),
        (lambda given: given.update(jobs=["title"]), "declares no 'jobs:'"),
        (lambda given: given.pop("clock"), "column posted_at is a relative date; add 'clock:'"),
        (lambda given: given["jobs"].pop("client_id"), "clients are declared without client_id"),
        (
            lambda given: given["clients"].update(status={"kind": "constant", "value": "active"}),
            "column status of clients",
        ),
        (lambda given: given.update(delimiter="||"), "delimiter '||' is not one character"),
        (lambda given: given.update(clock="soon"), "clock 'soon' names no date"),
        (lambda given: given.update(id=7), "id is 7"),
        (lambda given: given.update(key="Post"), "unknown key 'key'; use only format, encoding, delimiter"),
        (lambda given: (given.pop("clock"), given["jobs"].pop("posted_at")), "nothing says when a post was known"),
    ],
)
def test_a_mapping_that_is_not_whole_says_what_lacks(refusal, change, said):
    assert said in refusal(change)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"jobs: {title: [", "is not valid YAML in line 1"),
        (b"jobs:\n  title: {kind: text}\n  title: {kind: html}\n", "'title' stands twice"),
        (b"jobs: !!python/object:os.system {}", "is not valid YAML in line 1"),
        (b"clock: 2026-02-31\n", "is not valid YAML"),
        (b"? [a]\n: 1\n", "is not valid YAML"),
        (b"", "holds no mapping"),
        (b"- jobs", "holds no mapping"),
        (b"\xff\xfe", "is not UTF-8"),
    ],
)
def test_what_is_no_mapping_is_one_clear_line(tmp_path, content, said):
    path = tmp_path / "posts.yaml"
    path.write_bytes(content)
    with pytest.raises(ContractError) as refused:
        read_mapping(path)
    assert str(refused.value).startswith(str(path))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_absent_mapping(tmp_path):
    with pytest.raises(SettingsError, match=r"absent\.yaml cannot be read"):
        read_mapping(tmp_path / "absent.yaml")


def test_how_the_file_is_written_and_how_a_column_is_read(tmp_path):
    given = declared()
    given.update(
        encoding="cp1252", quote="'", escape="\\", header=["Role", "Body"], format="csv", missing=["Not told", -1]
    )
    given["jobs"]["title"] = {
        "from": ["Role", "Work"],
        "kind": "text",
        "missing": "none of it",
        "pattern": "^(.*) wanted$",
    }
    given["jobs"]["skills"] = {"from": "Tags", "kind": "list", "separator": "/"}
    given["jobs"]["status"] = {"from": "State", "kind": "text", "values": {"Live": "open", "Gone": None}}
    path = tmp_path / "posts.yaml"
    path.write_text(yaml.safe_dump(given))
    mapping = read_mapping(path)
    assert (mapping.file.encoding, mapping.file.quote, mapping.file.header) == ("cp1252", "'", ("Role", "Body"))
    title, skills, status = (mapping.rules[name] for name in ("title", "skills", "status"))
    assert (title.sources, title.reading.pattern) == (("Role", "Work"), "^(.*) wanted$")
    assert (title.reading.missing, skills.reading.separator) == (("Not told", "-1", "none of it"), "/")
    assert (status.reading.values, status.reading.missing) == ({"Live": "open"}, ("Not told", "-1", "Gone"))


def test_yes_and_no_are_words_of_a_values_map(tmp_path):
    path = tmp_path / "posts.yaml"
    rule = "  budget_kind: {from: Hourly, values: {yes: hourly, no: fixed}}"
    path.write_text(yaml.safe_dump(declared()).replace("jobs:", f"jobs:\n{rule}"))
    assert read_mapping(path).rules["budget_kind"].reading.values == {"yes": "hourly", "no": "fixed"}


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (
            {"from": "State", "kind": "text", "values": {"Live": "opened"}},
            "values has 'Live': 'opened'; use one of open, ",
        ),
        ({"from": "State", "kind": "text", "values": ["Live"]}, "values is ['Live']; write it as {a cell's text: "),
        ({"from": "State", "kind": "text", "pattern": "(a)(b)"}, "pattern '(a)(b)' has not one group"),
        ({"from": "State", "kind": "text", "pattern": "(a"}, "pattern '(a' is no regular expression"),
        ({"from": "State", "kind": "text", "separator": ";"}, "separator is for kind list"),
        ({"from": "State", "kind": "text", "missing": [{"a": 1}]}, "missing is [{'a': 1}]; write the words as a list"),
        ({"from": [], "kind": "text"}, "names no source"),
        ({"kind": "constant", "value": "open", "missing": "x"}, "is a constant; write 'value:'"),
    ],
)
def test_a_key_that_cannot_be_used_is_told_with_its_column_and_line(refusal, rule, said):
    told = refusal(lambda given: given["jobs"].update(status=rule))
    assert ": column status of jobs" in told
    assert said in told
    assert told.endswith(")")
    assert " (line " in told


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("encoding", "cp9999", "encoding 'cp9999' is no encoding that is known; write one such as cp1252"),
        ("format", "xlsx", "format 'xlsx' is no format; use one of csv, json"),
        ("header", "no", "header 'no' is neither true, false nor a list of names"),
        ("quote", "''", "quote \"''\" is not one character"),
        ("records", 3, "records 3 is no path"),
        ("freelancers", {}, "maps 'freelancers:' where jobs are imported; use the import of freelancers"),
    ],
)
def test_a_key_of_the_file_that_cannot_be_used(refusal, key, value, said):
    assert said in refusal(lambda given: given.update({key: value}))
