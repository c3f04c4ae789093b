"""The console's pages as they are sent: what they show, what they refuse, and that they change nothing."""

import html
import re
from urllib.parse import quote, urlencode

import pytest

from metier.contract import SURFACES
from serving.http.routes import create_api
from tests.serving.console.conftest import MARKUP, REPORT
from tests.serving.world import ROUTES, UNHURRIED_MS, ids, logged

PAGES = ("/", "/console/compare", "/console/ask", "/console/assist", "/console/health", "/console/bundles")


def asked(console, surface, path="/", **more):
    """Text of the page of a request that has plenty to rank; `path` is the page."""
    body = console.world.body(surface, k=10)
    got = console.get(f"{path}?{urlencode({'surface': surface, 'asked': 1, **body, **more})}")
    assert got.status_code == 200, got.text
    return got.text


def candidates(page):
    """Ids of the candidates that a page links, in order."""
    return list(dict.fromkeys(re.findall(r"[?&;]candidate=([\w-]+)", page)))


@pytest.mark.parametrize("path", PAGES)
def test_every_page_lets_a_browser_load_nothing_from_elsewhere(console, path):
    got = console.get(path)
    assert (got.status_code, got.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = dict(part.split(" ", 1) for part in got.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert {policy[name] for name in ("script-src", "style-src", "connect-src")} == {"'self'"}
    assert got.headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=", got.text)
    linked = re.findall(r'(?:href|src|action)="([^"]*)"', got.text)
    assert linked
    assert [link for link in linked if not link.startswith(("/", "#"))] == []


@pytest.mark.parametrize("surface", SURFACES)
def test_a_search_shows_the_slate_of_its_route_with_reasons_in_words(console, surface):
    answer = console.client.ranked(ROUTES[surface], console.world.body(surface, k=10, explain=10))
    page = asked(console, surface)
    assert candidates(page) == ids(answer)
    for fact in (answer["tier"], answer["bundle"], answer["snapshot_version"]):
        assert fact in page
    words = [reason["words"] for entry in answer["slate"] for reason in entry["reasons"]]
    assert words
    assert [each for each in words if html.escape(each) not in page] == []


def test_what_is_looked_at_is_neither_recorded_nor_counted(console):
    console.engine.events.append([]).result()
    before = logged(console.world.settings.events, "queries"), figure(console, "metier_slates_total")
    asked(console, "job_feed")
    asked(console, "job_feed", "/console/compare")
    asked(console, "job_feed", "/console/candidate", candidate=console.job)
    console.client.ranked(ROUTES["job_feed"], console.world.body("job_feed"))  # is recorded, behind what came before
    console.engine.events.append([]).result()
    after = logged(console.world.settings.events, "queries"), figure(console, "metier_slates_total")
    assert (len(after[0]) - len(before[0]), after[1] - before[1]) == (1, 1)


def figure(console, name):
    """All samples of a figure, added up."""
    lines = console.get("/metrics").text.splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"{name}{{"))


def test_the_console_adds_only_reading_routes(console):
    known = {route.path for route in create_api(lambda: None).routes}
    app = console.client  # what a caller may send
    for path in (*PAGES, "/console/candidate"):
        assert path not in known
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            assert app.send(method, path, "{}").status_code == 405


def test_what_a_text_was_understood_to_ask_can_be_taken_off(console):
    text = "senior designer under $30/h, no agencies"
    page = console.get(f"/?surface=talent_search&asked=1&{urlencode({'text': text})}").text
    chips = re.findall(r'<a href="([^"]+)" aria-label="Remove ([^"]+)"', page)
    assert {name.split(":")[0] for _, name in chips} >= {"level", "hourly rate up to", "agencies"}
    answer = console.client.ranked(ROUTES["talent_search"], {"text": text, "k": 10, "deadline_ms": UNHURRIED_MS})
    assert candidates(page) == ids(answer)
    for link, name in chips:
        without = console.get(html.unescape(link))
        assert without.status_code == 200
        assert f'aria-label="Remove {name}"' not in without.text
        assert "Left out of the search: " in without.text


def test_filters_narrow_and_bad_input_is_named(console):
    country = next(row["country"] for row in console.world.people.values() if row["status"] == "listed")
    page = asked(console, "talent_search", country=country)
    found = candidates(page)
    assert found
    assert {console.world.people[person]["country"] for person in found} == {country}
    for query, status, line in (
        ("surface=talent_search", 422, "give job_id, text or both"),
        ("surface=talent_search&text=x&k=many", 422, "k: "),
        ("surface=talent_search&text=x&rate_max_usd=cheap", 422, "filter rate_max_usd"),
        ("surface=job_feed&actor_id=nobody", 404, "unknown freelancer"),
    ):
        got = console.get(f"/?asked=1&{query}")
        assert got.status_code == status
        assert line in html.unescape(got.text)
        assert 'role="alert"' in got.text


def test_applicants_are_asked_for_by_the_client_of_their_job(console):
    job = console.world.reviewed_job
    page = console.get(f"/?surface=applicant_review&asked=1&job_id={job}")
    assert page.status_code == 200
    assert set(candidates(page.text)) <= console.world.waiting(job)
    assert candidates(page.text)


@pytest.mark.parametrize("surface", ["talent_search", "job_feed"])
def test_side_by_side_shows_both_slates_with_moves_and_values(console, surface):
    page = asked(console, surface, "/console/compare", left="retrieval", right="ensemble")
    ensemble = ids(console.client.ranked(ROUTES[surface], console.world.body(surface, k=10)))
    left, right = page.split('id="side-2"')
    assert candidates(right) == ensemble
    assert len(candidates(left)) == 10
    moves = re.findall(r'class="move \w+">([^<]+)<', page)
    assert len(moves) == 20
    ranks = {name: rank for rank, name in enumerate(candidates(left), 1)}
    for rank, (name, move) in enumerate(zip(ensemble, moves[10:], strict=True), 1):
        if name in ranks:
            up = ranks[name] - rank
            assert move == (f"{'up' if up > 0 else 'down'} {abs(up)} from {ranks[name]}" if up else "same place")
        else:
            assert move.endswith(("from 11", "100")) or int(move.rsplit(" ", 1)[1]) > 10
    assert page.count("Values behind this position") == 10  # retrieval reads none


def test_another_bundle_on_this_machine_is_compared_by_its_own_release(console):
    page = asked(console, "job_feed", "/console/compare", left=console.other, right="ensemble")
    assert f"<option selected>{console.other}</option>" in page
    left, right = (candidates(side) for side in page.split('id="side-2"'))
    # The same rankers order the same jobs, but for the one that came after the release.
    assert left[:9] == [job for job in right if job != console.job][:9]
    assert f"{console.other}, candidates as of" in page


def test_an_unknown_tier_is_named(console):
    got = console.get("/console/compare?surface=job_feed&asked=1&left=oracle")
    assert got.status_code == 422
    assert f"use one of: ensemble, xgboost, retrieval, popularity, {console.other}" in got.text


def test_a_candidate_under_a_request_shows_every_model_input(console):
    person = ids(console.client.ranked(ROUTES["talent_search"], console.world.body("talent_search", k=1)))[0]
    page = asked(console, "talent_search", "/console/candidate", candidate=person)
    names = console.engine.stages["talent_search"].ranked.manifest.feature_names
    assert set(re.findall(r"<code>(\w+)</code>", page)) == set(names)
    assert html.escape(console.world.people[person]["title"]) in page
    assert f"actor_id={person}" in page  # a door to this freelancer's feed
    missing = console.get("/console/candidate?surface=talent_search&candidate=nobody")
    assert (missing.status_code, missing.headers["content-type"]) == (404, "text/html; charset=utf-8")


def test_an_answer_cites_what_opens_with_the_quote_marked(console):
    question = {"surface": "talent_search", "question": f"What does {console.person} list as skills, plumbing?"}
    answer = console.client.ranked("/v1/ask", question)
    page = console.get(f"/console/ask?asked=1&{urlencode(question)}").text
    cited = [citation for sentence in answer["sentences"] for citation in sentence["citations"]]
    assert cited
    links = [html.unescape(link) for link in re.findall(r'href="(/console/candidate[^"]+#cited)"', page)]
    assert len(links) == len(cited)
    for link, citation in zip(links, cited, strict=True):
        assert html.escape(citation["quote"]) in page.replace("&#34;", "&quot;")
        opened = console.get(link).text
        marked = re.findall(r'<mark(?: id="cited")?>(.*?)</mark>', opened, re.DOTALL)
        assert html.unescape(", ".join(marked)) == citation["quote"]
        assert opened.count('id="cited"') == 1


def test_a_question_without_evidence_has_no_answer(console):
    page = console.get("/console/ask?asked=1&surface=talent_search&question=Who+repairs+submarines%3F").text
    assert "No answer" in page
    got = console.get("/console/ask?asked=1&surface=talent_search")
    assert (got.status_code, "question: " in got.text) == (422, True)


def test_texts_of_candidates_are_shown_as_texts(console):
    for surface, name in (("job_feed", console.job), ("talent_search", console.person)):
        page = console.get(f"/console/candidate?surface={surface}&candidate={name}").text
        assert html.escape(MARKUP) in page.replace("&#34;", "&quot;")
        assert "<b id" not in page
    page = console.get(f"/?surface=job_feed&asked=1&text={quote(MARKUP)}").text
    assert "<b id" not in page
    assert "<i id" not in page


def test_health_shows_what_readyz_and_metrics_say(console):
    page, ready = console.get("/console/health").text, console.get("/readyz").json()
    assert ready["status"] == "ready"
    for surface in ready["surfaces"].values():
        assert surface["snapshot_version"] in page
        assert all(view in page for view in surface["views"])
    assert console.engine.folder.name in page


def test_bundles_are_shown_with_their_decisions_and_reports(console):
    page = console.get("/console/bundles").text
    for served in console.get("/v1/bundle").json().values():
        assert served["bundle"] in page
        assert served["sha256"] in page
    assert "Hold" in page
    assert "metier_job_feed 1" in page
    (link,) = set(re.findall(r'href="(/console/reports/job_feed[^"]+)"', page))
    report = console.get(link)
    assert report.text == REPORT
    assert "script-src" not in report.headers["content-security-policy"]
    assert "default-src 'none'" in report.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        "../secret.html",
        "..%2fsecret.html",
        "%2e%2e/secret.html",
        "job_feed/../../secret.html",
        "/etc/hostname.html",
        "%2fetc%2fpasswd",
        "link.html",
        "job_feed",
        "job_feed/a-run/evaluation.txt",
        "a%00.html",
        pytest.param("a" * 5_000 + ".html", id="a long name"),
    ],
)
def test_nothing_but_a_report_is_given_out_as_one(console, path):
    got = console.client.send("GET", f"/console/reports/{path}")
    assert got.status_code == 404
    assert "not for everybody" not in got.text


def test_assets_come_with_the_application(console):
    for name in ("console.css", "console.js", "icon.svg"):
        assert console.get(f"/console/assets/{name}").status_code == 200
    assert console.get("/console/assets/../routes.py").status_code == 404
