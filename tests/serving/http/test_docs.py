"""The OpenAPI document and its page: read without internet, and as typed as the routes are."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import get_args

import pytest

from components.retrieval.filters import JOB_FILTERS, PERSON_FILTERS
from metier.contract import BudgetKind, FreelancerStatus, JobStatus, Kind, Level, Side, Visibility
from serving.http.routes import create_api

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def document():
    def never_loaded():
        raise AssertionError("the document needs no engine")

    return create_api(never_loaded).openapi()


def properties(document, model):
    return document["components"]["schemas"][model]["properties"]


def words(schema):
    """The words of an enumeration, optional or not."""
    return next(part["enum"] for part in (schema, *schema.get("anyOf", ())) if "enum" in part)


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
def test_a_page_names_no_address_outside_and_all_that_it_loads_is_served(client, page):
    text = client.get(page).text
    assert "http://" not in text
    assert "https://" not in text
    loaded = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert loaded
    for path in loaded:
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert len(answer.content) > 1_000


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed to show the page")
def test_a_browser_without_internet_shows_every_route(client, tmp_path):
    elsewhere = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    options = ["--headless", "--no-sandbox", "--disable-gpu", elsewhere, f"--user-data-dir={tmp_path}"]
    command = [CHROMIUM, *options, "--virtual-time-budget=20000", "--dump-dom", f"{client.url}/docs"]
    page = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    shown = {path.replace("\u200b", "") for path in re.findall(r'data-path="([^"]+)"', page)}
    assert {"/v1/feed/jobs", "/v1/search/talent", "/v1/review/applicants", "/v1/rank", "/readyz"} <= shown


@pytest.mark.parametrize(("model", "filters"), [("TalentSearch", PERSON_FILTERS), ("JobFeed", JOB_FILTERS)])
def test_the_document_lists_the_filters_of_a_surface_and_no_others(document, model, filters):
    schema = properties(document, model)["filters"]
    assert set(schema["properties"]) == set(filters)
    assert schema["additionalProperties"] is False


def test_a_filter_has_a_type(document):
    filters = properties(document, "JobFeed")["filters"]["properties"]
    types = {name: [part["type"] for part in schema["anyOf"]] for name, schema in filters.items()}
    assert types["budget_min_usd"] == ["number", "null"]
    assert types["posted_since"] == ["string", "null"]
    assert types["skills"] == ["string", "array", "null"]


@pytest.mark.parametrize(
    ("model", "field", "vocabulary"),
    [
        ("Interaction", "kind", Kind),
        ("Interaction", "side", Side),
        ("JobVersion", "budget_kind", BudgetKind),
        ("JobVersion", "visibility", Visibility),
        ("JobVersion", "status", JobStatus),
        ("JobVersion", "experience_level", Level),
        ("FreelancerVersion", "status", FreelancerStatus),
    ],
)
def test_a_vocabulary_is_the_contracts(document, model, field, vocabulary):
    assert words(properties(document, model)[field]) == list(get_args(vocabulary))


def test_the_readme_lists_the_filters_of_each_surface():
    readme = (Path(__file__).resolve().parents[3] / "README.md").read_text()
    rows = [line.split("|") for line in readme.splitlines() if line.startswith("| `") and line.count("|") == 4]
    listed = {
        route: {name for row in rows if route in row[3] for name in re.findall(r"`(\w+)`", row[1])}
        for route in ("search/talent", "feed/jobs")
    }
    assert listed == {"search/talent": set(PERSON_FILTERS), "feed/jobs": set(JOB_FILTERS)}
