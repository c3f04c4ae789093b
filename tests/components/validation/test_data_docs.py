"""Data Docs are seen without a network: every page holds its style, and the index is a table."""

import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
import pytest

from components.validation.data_docs import self_contained
from components.validation.expectations import validate
from metier.contract import TABLES
from metier.lake import Lake

DAY = datetime(2026, 2, 1, tzinfo=UTC)
CLOCK = {"event_timestamp": DAY, "recorded_at": DAY}
PERSON = {"freelancer_id": "f1", "title": "", "overview": "", "skills": [], "status": "listed", **CLOCK}
JOB = {
    "job_id": "j1", "title": "Welder", "description": "", "skills": ["mig"], "openings": 1, "visibility": "public",
    "status": "open", **CLOCK,
}  # fmt: skip
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
LOADED = re.compile(r"""<script|<(?:link|img|iframe|source)\b[^>]*https?://|url\(\s*["']?https?://|@import""", re.I)


@pytest.fixture(scope="module")
def docs(tmp_path_factory) -> Path:
    """Two runs: a sound lake, then one with a job that nobody's openings can be."""
    home = tmp_path_factory.mktemp("docs")
    lake = Lake(str(home / "lake"))
    lake.append("freelancers", pa.Table.from_pylist([PERSON], TABLES["freelancers"].schema))
    lake.append("jobs", pa.Table.from_pylist([JOB], TABLES["jobs"].schema))
    assert validate(lake, DAY, home / "docs").passed
    worse = {**JOB, "job_id": "j2", "openings": -1}
    lake.append("jobs", pa.Table.from_pylist([worse], TABLES["jobs"].schema))
    assert not validate(lake, DAY + timedelta(hours=1), home / "docs").passed
    return home / "docs"


def test_no_page_loads_anything_from_a_network(docs):
    pages = sorted(docs.rglob("*.html"))
    assert len(pages) > 16
    for page in pages:
        text = page.read_text("utf-8")
        assert not LOADED.search(text), page
        assert text.count("<style") >= 1


def test_every_link_of_the_index_leads_to_a_page(docs):
    links = re.findall(r'href="([^"]+)"', (docs / "index.html").read_text("utf-8"))
    assert len(links) == 16  # results and expectations of eight suites
    assert all((docs / unquote(link)).is_file() for link in links)


def test_the_index_says_what_failed(docs):
    page = re.sub("<style.*?</style>", "", (docs / "index.html").read_text("utf-8"), flags=re.S)
    text = re.sub(r"(<[^>]+>|\s)+", " ", page)
    assert "as of 2026-02-01 01.00.00" in text
    assert "1 of" in text
    assert "jobs failed" in text
    assert "freelancers passed" in text


def test_a_page_is_made_self_contained_and_keeps_its_text():
    page = (
        '<html><head><link rel="stylesheet" href="https://x.example/a.css"/><script src="//y.example/b.js"></script>'
        "<style>b { background: url('https://x.example/c.png') }</style></head>"
        '<body><img class="a"\n src="https://x.example/d.png"/><b>kept</b><script>draw("</b>")</script></body></html>'
    )
    made = self_contained(page)
    assert not LOADED.search(made)
    assert "<b>kept</b>" in made
    assert made.count("</head>") == made.count("</body>") == 1


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed to show the page")
def test_a_browser_without_a_network_shows_the_index(docs):
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND", "--dump-dom",
        (docs / "index.html").as_uri(),
    ]  # fmt: skip
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    assert "Data Docs of the lake" in shown
    assert shown.count("<tr>") == 9  # a heading and eight suites
