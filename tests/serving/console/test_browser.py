"""The console in a real browser: by keyboard, by screen reader, in light and dark, loading nothing from elsewhere.

Screenshots are left under METIER_HOME/reports/console.
"""

import shutil
from contextlib import contextmanager
from urllib.parse import urlencode

import pytest

from metier.settings import load_settings
from tests.serving.console.conftest import MARKUP

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed; apt-get install chromium")

PLANNED = "senior designer in India or Ukraine, under $40/h, no agencies, happy to talk"
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
MILLISECONDS = 30_000


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def opened(browser, console, path="/", **context):
    """A page on a path of the console; at its end it must have asked nobody else for anything, and met no error."""
    with browser.new_context(base_url=console.url, viewport=context.pop("viewport", WIDE), **context) as own:
        page = own.new_page()
        page.set_default_timeout(MILLISECONDS)
        asked, errors = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(path)
        yield page
        assert [url for url in asked if not url.startswith(f"{console.url}/")] == []
        assert errors == []


def searched(console, surface, path="/", **more):
    return f"{path}?{urlencode({'surface': surface, 'asked': 1, **console.world.body(surface, k=5), **more})}"


@pytest.fixture(scope="module")
def paths(console):
    """Every page, by the name of its screenshot."""
    return {
        "start": "/",
        "people": searched(console, "talent_search", country="Germany,India,Ukraine"),
        "jobs": searched(console, "job_feed"),
        "plan": f"/?{urlencode({'surface': 'talent_search', 'asked': 1, 'text': PLANNED})}",
        "applicants": searched(console, "applicant_review"),
        "problem": "/?surface=job_feed&asked=1&actor_id=nobody",
        "side-by-side": searched(console, "talent_search", "/console/compare"),
        "answer": f"/console/ask?{urlencode({'asked': 1, 'question': f'Does {console.person} list plumbing?'})}",
        "assistant": f"/console/assist?{urlencode({'text': PLANNED})}",
        "candidate": searched(console, "job_feed", "/console/candidate", candidate=console.job),
        "health": "/console/health",
        "bundles": "/console/bundles",
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(browser, console, paths, scheme):
    folder = load_settings().reports / "console"
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for name, path in paths.items():
        with browser.new_context(base_url=console.url, viewport=WIDE, color_scheme=scheme, bypass_csp=True) as own:
            page = own.new_page()
            page.goto(path)
            for summary in page.locator("details:not([open]) > summary").all()[:3]:
                summary.click()
            page.screenshot(path=folder / f"{name}-{scheme}.png", full_page=True)
            results = axe.Axe().run(page)
            if results.violations_count:
                found[name] = results.generate_report()
    assert found == {}


def test_every_page_fits_a_small_screen_asks_nobody_else_and_meets_no_error(browser, console, paths):
    for name, path in paths.items():
        if name != "problem":
            with opened(browser, console, path, viewport=NARROW) as page:
                assert page.locator("h1").count() == 1
                wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
                assert wide <= 0, name


def test_light_and_dark_are_the_readers_choice(browser, console):
    grounds = set()
    for scheme in ("light", "dark"):
        with opened(browser, console, color_scheme=scheme) as page:
            grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert grounds == {"rgb(255, 255, 255)", "rgb(20, 25, 31)"}


def focused(page):
    """What the focus is on: the text or the name of the element."""
    return page.evaluate(
        "(document.activeElement.getAttribute('name') || document.activeElement.textContent || '').trim()"
    )


def tab_to(page, wanted, most=60):
    """Press Tab until the focus is on what is called so."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if focused(page).startswith(wanted):
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", f"nothing shows that {wanted} has the focus"
            return
    raise AssertionError(f"no way by Tab to {wanted!r}; the focus is on {focused(page)!r}")


def test_a_walk_by_keyboard_alone(browser, console):
    """Skip to the content, search people by a text, open one, go to that freelancer's feed, and compare tiers."""
    with opened(browser, console) as page:
        page.keyboard.press("Tab")
        assert focused(page) == "Skip to content"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"
        page.keyboard.press("/")
        assert focused(page) == "text"
        page.keyboard.type("python data analysis")
        page.keyboard.press("Enter")
        page.wait_for_selector("ol.slate")
        first = page.locator("ol.slate a.title").first.inner_text()
        tab_to(page, first)
        page.keyboard.press("Enter")
        page.wait_for_selector(".doors")
        assert page.locator("h1").inner_text() == first
        tab_to(page, "The feed of this freelancer")
        page.keyboard.press("Enter")
        page.wait_for_selector("ol.slate")
        assert "surface=job_feed" in page.url
        tab_to(page, "Side by side with another tier")
        page.keyboard.press("Enter")
        page.wait_for_selector(".sides")
        tab_to(page, "Values behind this position")
        page.keyboard.press("Enter")
        assert page.locator("details[open] table").first.is_visible()


def test_a_chip_is_taken_off_by_keyboard(browser, console, paths):
    with opened(browser, console, paths["plan"]) as page:
        before = page.locator(".chips a").count()
        page.locator(".chips a").first.focus()
        page.keyboard.press("Enter")
        page.wait_for_selector("text=Left out of the search")
        assert page.locator(".chips a").count() == before - 1


def test_suggestions_come_while_typing(browser, console):
    with opened(browser, console) as page:
        page.keyboard.press("/")
        page.keyboard.type("pyth")
        page.wait_for_selector("#suggestions option", state="attached")
        assert "Python" in page.locator("#suggestions").inner_html()


def test_the_assistant_streams_its_answer_and_citations_open_the_source(browser, console):
    with opened(browser, console, "/console/assist") as page:
        page.keyboard.press("/")
        page.keyboard.type("plumbing, under $36/h")
        page.keyboard.press("Enter")
        page.wait_for_selector(".talk > li .slate li")
        page.keyboard.type("only expert level")
        page.keyboard.press("Enter")
        page.wait_for_selector(".talk > li:nth-child(2) .tools")
        page.locator(".talk > li:nth-child(2) summary").click()
        assert "change filters" in page.locator(".talk > li:nth-child(2) .tools li").first.inner_text()
        assert page.locator("#injected").count() == 0
        page.locator(".talk .sources a").first.click()
        page.wait_for_selector("#cited")


def test_a_title_of_markup_is_read_as_it_is_written(browser, console):
    with opened(
        browser, console, f"/?{urlencode({'surface': 'job_feed', 'asked': 1, 'text': MARKUP, 'k': 50})}"
    ) as page:
        assert MARKUP in page.locator("ol.slate a.title").all_inner_texts()
        assert page.locator("#injected").count() == 0


def test_it_works_without_scripts(browser, console):
    with opened(browser, console, "/console/assist", java_script_enabled=False) as page:
        for said in ("web design", "show me more"):
            page.get_by_label("What do you look for?").fill(said)
            page.get_by_role("button", name="Say").click()
        assert page.locator(".talk > li").count() == 2
        assert page.locator(".talk .slate > li").count() > 5
    with opened(browser, console, java_script_enabled=False) as page:
        page.get_by_label("Text").fill("web design")
        page.get_by_role("button", name="Search").click()
        assert page.locator("ol.slate > li").count() > 0
