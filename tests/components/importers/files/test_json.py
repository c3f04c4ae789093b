"""JSON lines, documents, boards and JSON-LD as rows: every record counted, every field as it is spelled."""

import gzip
import json
import zipfile

import pytest

from components.importers.conform import LINE, REASON
from components.importers.files.file_format import FileFormat
from components.importers.files.opening import read_rows
from metier.errors import ContractError

JOB = {"id": 7, "title": "Tiler", "org": {"name": "Slate & Co", "places": [{"city": "Cork"}, {"city": "Ghent"}]}}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "posts.json"


def _read(path, content, columns=None, **declared):
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return read_rows(path, FileFormat(**declared), columns).to_pylist()


def test_scalars_are_text_as_spelled_and_nested_values_are_json(path):
    line = '{"a": 12345678901234567890123, "b": 1e400, "c": true, "d": null, "e": "1\\u00e9", "f": [1, {"g": "x"}]}'
    (row,) = _read(path, f"[{line}]")
    assert row == {
        "a": "12345678901234567890123",
        "b": "1e400",
        "c": "true",
        "d": None,
        "e": "1é",
        "f": '[1,{"g":"x"}]',
    }


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("org.name", "Slate & Co"),
        ("org.places.city", '["Cork", "Ghent"]'),
        ("org.places.1.city", "Ghent"),
        ("org.places.7.city", None),
        ("org.0.name", "Slate & Co"),
        ("title", "Tiler"),
        ("org.absent", None),
    ],
)
def test_a_path_leads_to_a_field_and_through_a_list_to_all_its_values(path, column, value):
    assert _read(path, [JOB], ["id", column]) == [{"id": "7", column: value}]


def test_a_key_with_a_dot_is_found_before_the_path(path):
    assert _read(path, [{"org.name": "flat", "org": {"name": "deep"}}], ["org.name"]) == [{"org.name": "flat"}]


@pytest.mark.parametrize(
    "document",
    [
        {"jobs": [JOB], "meta": {"total": 1}},
        {"jobs": [JOB], "apiVersion": "1"},
        [JOB],
        {"data": {"results": [JOB], "facets": []}},
        JOB,
        {"jobs": [JOB], "departments": [{"name": "Roofs"}]},
    ],
)
def test_boards_records_are_found(path, document):
    assert _read(path, document, ["id", "title"]) == [{"id": "7", "title": "Tiler"}]


def test_of_several_lists_the_declared_one_is_read(path):
    document = {"open": [{"id": 1}], "closed": [{"id": 2}]}
    with pytest.raises(ContractError, match="several lists of objects; say by records: which of open, closed is meant"):
        _read(path, document)
    assert _read(path, document, records="closed") == [{"id": "2"}]
    with pytest.raises(ContractError, match="has no list at records: shut; its lists of objects are: open, closed"):
        _read(path, document, records="shut")


def test_a_board_without_posts_has_no_rows(path):
    assert _read(path, {"jobs": []}, ["id"]) == []


def test_json_lines_lose_only_the_lines_that_are_no_objects(path):
    lines = ['{"id": 1}', "", '{"id": 2', "[3]", '{"id": 4, "id": 5}', '{"id": "tab\there"}', ' {"id": 6} ']
    rows = _read(path, "\n".join(lines))
    assert [row["id"] for row in rows] == ["1", "tab\there", "6", None, None, None]
    assert [(row[REASON], row[LINE]) for row in rows[3:]] == [
        ("line is not a JSON object (line 3)", '{"id": 2'),
        ("line is not a JSON object (line 4)", "[3]"),
        ("a field stands twice in the record", '{"id": 4, "id": 5}'),
    ]


def test_a_line_that_is_not_utf8_is_named(path):
    path.write_bytes(b'{"id": 1}\n{"id": "\xe9"}\n')
    rows = read_rows(path, FileFormat()).to_pylist()
    assert [row["id"] for row in rows] == ["1", None]
    assert rows[1][REASON] == "row is not valid UTF-8 (line 2, byte 0xE9)"


def test_a_document_that_is_cut_off_says_where(path):
    with pytest.raises(ContractError, match=r"posts\.json is not valid JSON in line 2, column 9"):
        _read(path, '[{"id": 1},\n {"id": ')


def test_members_that_are_no_objects_are_kept(path):
    rows = _read(path, [{"id": 1}, "x", 3])
    assert [(row["id"], row.get(LINE)) for row in rows] == [("1", None), (None, '"x"'), (None, "3")]


def test_fields_that_no_record_has_are_named_with_those_it_has(path):
    with pytest.raises(ContractError, match="has no column 'titel'; its columns are: id, title, org; did you mean 'ti"):
        _read(path, [JOB], ["titel"])


POSTING = {"@context": "https://schema.org", "@type": "JobPosting", "title": "Glazier"}


@pytest.mark.parametrize(
    "document",
    [
        POSTING,
        [POSTING, {"@type": "Organization", "name": "Panes"}],
        {"@graph": [{"@type": "BreadcrumbList"}, {**POSTING, "@type": ["schema:JobPosting", "Thing"]}]},
        {"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "item": POSTING}]},
    ],
)
def test_job_postings_are_found_wherever_a_document_holds_them(path, document):
    assert _read(path, document, ["title"]) == [{"title": "Glazier"}]


def test_a_page_gives_its_job_postings_and_another_page_is_refused(path):
    script = f'<script type="application/ld+json">{json.dumps(POSTING)}</script>'
    rows = _read(path, f"<!DOCTYPE html><p>Hi</p>{script}<script type='application/ld+json'>{{</script>", ["title"])
    assert [row["title"] for row in rows] == ["Glazier", None]
    with pytest.raises(ContractError, match="is an HTML page without a JobPosting"):
        _read(path, "<html><body>none</body></html>")


def test_packed_json_is_read(path, tmp_path):
    path.write_bytes(gzip.compress(json.dumps([JOB]).encode()))
    assert read_rows(path, FileFormat(), ["id"]).to_pylist() == [{"id": "7"}]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/posts.jsonl.gz", gzip.compress(b'{"id": 7}\n{"id": 8}\n'))
        archive.writestr("__MACOSX/a/._posts", b"x")
    assert [row["id"] for row in read_rows(path, FileFormat()).to_pylist()] == ["7", "8"]


SCRIPT = '<script type="application/ld+json">{}</script>'
WRAPPINGS = [
    "{};",
    "<![CDATA[{}]]>",
    "//<![CDATA[\n{}\n//]]>",
    "/*<![CDATA[*/{}/*]]>*/",
    "<!-- {} -->",
    "\n<!--\n{};\n//-->\n",
]


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_a_script_that_hides_its_json_from_old_readers_is_read(tmp_path, wrapping):
    page = tmp_path / "page.html"
    page.write_text("<html>" + SCRIPT.format(wrapping.replace("{}", json.dumps(POSTING))) + "</html>")
    assert read_rows(page, FileFormat(), ["title"]).to_pylist() == [{"title": "Glazier"}]


@pytest.mark.parametrize("kind", ["Jobposting", " jobPosting ", "http://schema.org/JOBPOSTING"])
def test_a_type_is_known_in_any_case(tmp_path, kind):
    page = tmp_path / "page.html"
    page.write_text("<html>" + SCRIPT.format(json.dumps({**POSTING, "@type": kind})) + "</html>")
    assert read_rows(page, FileFormat(), ["title"]).to_pylist() == [{"title": "Glazier"}]
    page.write_text(json.dumps([{**POSTING, "@type": kind}, {"@type": "Thing"}]))
    assert read_rows(page, FileFormat(), ["title"]).to_pylist() == [{"title": "Glazier"}]


def test_postings_in_microdata_are_counted_and_a_page_of_them_is_refused_as_what_it_is(tmp_path):
    element = '<div itemscope itemtype="https://schema.org/JobPosting"><h1 itemprop="title">Tiler</h1></div>'
    page = tmp_path / "page.html"
    page.write_text("<html>" + SCRIPT.format(json.dumps(POSTING)) + element + "</html>")
    first, second = read_rows(page, FileFormat(), ["title"]).to_pylist()
    assert (first["title"], second[REASON]) == ("Glazier", "job posting in microdata or RDFa, which is not read")
    page.write_text(f"<html>{element}</html>")
    with pytest.raises(ContractError, match="an HTML page whose JobPosting is microdata or RDFa, not JSON-LD"):
        read_rows(page, FileFormat(), ["title"])
