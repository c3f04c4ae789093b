"""Templates to pages: escaped throughout, with headers that let a browser load nothing from elsewhere.

Knows what a page is; no engine and no request.
"""

import math
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jinja2
from starlette.responses import HTMLResponse, Response

HERE = Path(__file__).resolve().parent
ASSETS = HERE / "assets"
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing inline, nothing of another origin."""
REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'; sandbox"
)
"""Reports bring their style inline, and run no script."""
PAGES = (
    ("search", "/", "Search"),
    ("compare", "/console/compare", "Side by side"),
    ("ask", "/console/ask", "Ask"),
    ("assist", "/console/assist", "Assistant"),
    ("health", "/console/health", "Health"),
    ("bundles", "/console/bundles", "Bundles"),
)
"""Template, path and name of each page of the menu."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def page(name: str, status: int = 200, **shown: Any) -> Response:
    """The template `name` with what it shows, as an answer."""
    text = _TEMPLATES.get_template(f"{name}.html.j2").render(here=name, **shown)
    return HTMLResponse(text, status, {**HEADERS, "Content-Security-Policy": PAGE_POLICY})


def report(file: Path) -> Response:
    """A file of a report as it is, without the right to run anything."""
    kinds = {".html": "text/html", ".json": "application/json", ".png": "image/png", ".svg": "image/svg+xml"}
    headers = {**HEADERS, "Content-Security-Policy": REPORT_POLICY}
    return Response(file.read_bytes(), headers=headers, media_type=kinds[file.suffix])


def address(path: str, query: list[tuple[str, str]]) -> str:
    """`path` with a query string."""
    return f"{path}?{urlencode(query)}" if query else path


def _words(name: str) -> str:
    """A field's name as people read it."""
    return name.removesuffix("_usd").replace("_", " ") + (" ($)" if name.endswith("_usd") else "")


def _signed(value: float) -> str:
    return f"{value:+.3f}"


def _value(value: float) -> str:
    return "not known" if math.isnan(value) else f"{value:,.4g}"


def _age(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(words=_words, signed=_signed, value=_value, age=_age)
    environment.globals.update(
        address=address,
        pages=PAGES,
        surfaces_called={"talent_search": "People", "job_feed": "Jobs", "applicant_review": "Applicants"},
    )
    return environment


_TEMPLATES = _environment()
