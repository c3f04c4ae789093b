"""What the documents name is there."""

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
DOCUMENTS = [CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", *sorted((CHECKOUT / "docs").rglob("*.md"))]
ROOMS = ("metier", "feature_repo", "components", "pipelines", "serving", "infra", "tests", "benchmarks", "docs")


def paths(text):
    """Paths in backticks that begin with a room of the checkout, without what a shell or a person fills in."""
    named = re.findall(rf"`((?:{'|'.join(ROOMS)})/[\w./-]*)`", text)
    return [path.rstrip("/") for path in named]


def test_paths_in_backticks_are_found():
    assert paths("see `metier/lake/` and `components/step.py`, not `metier lake` or `x/y.py`") == [
        "metier/lake",
        "components/step.py",
    ]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_every_path_that_a_document_names_exists(document):
    assert [path for path in paths(document.read_text()) if not (CHECKOUT / path).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_every_page_that_a_document_links_exists(document):
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_picture_names_every_package_and_room():
    page = (CHECKOUT / "docs" / "architecture.md").read_text()
    rooms = [room for room in (CHECKOUT / "components").iterdir() if (room / "__init__.py").exists()]
    assert [room.name for room in rooms if f"components/{room.name}/" not in page] == []
