"""The guard over a real server: every route has a scope, refusals are one line, browsers are led to the login."""

import json
import re

import pytest

from metier.settings import Settings
from serving.access import LOGIN, SCOPES
from serving.access.keys import as_toml, hash_of, new_key
from serving.clock import OffsetClock
from serving.console import create_app
from serving.engine import Engine
from serving.http.guard import allow_origins
from tests.serving.world import HTTP, served

READ, OPS, SLOW = new_key(), new_key(), new_key()
KEYS = "\n".join(
    [
        as_toml("shop", hash_of(READ), ["read", "feedback"], 1_000),
        as_toml("ops", hash_of(OPS), ["read", "feedback", "write", "admin"], 1_000),
        as_toml("slow", hash_of(SLOW), ["read"], 0.1),
    ]
)
OURS, FOREIGN = "https://shop.example.org", "https://elsewhere.example.org"


def of_one_origin(load):
    app = create_app(load)
    allow_origins(app, [OURS])
    return app


@pytest.fixture(scope="module")
def guarded(own):
    settings = Settings(home=own.home, api_keys=KEYS)
    engine = Engine(settings, own.pins, OffsetClock.starting_at(own.as_of))
    with served(lambda: engine, of_one_origin) as client:
        yield client
    engine.close()


def ask(guarded, method, path, key=None, body=None, **headers):
    headers |= {"authorization": f"Bearer {key}"} if key else {}
    return HTTP.request(method, guarded.url + path, json=body, headers=headers)


def told(answer):
    (name, line), *more = answer.json().items()
    assert (name, more) == ("error", [])
    assert answer.headers["content-type"] == "application/json"
    return line


def test_every_route_declares_its_scope_and_no_scope_lacks_its_route():
    app = create_app(lambda: None)
    routes = {
        f"{method} {route.path}"
        for route in app.routes
        for method in getattr(route, "methods", ["GET"])
        if method != "HEAD"
    }
    mounted = {"GET /docs-assets", "GET /console/assets"}
    named = {re.sub(r"(-assets|/assets)/\{path:path\}$", r"\1", route) for route in SCOPES}
    assert mounted <= routes
    assert named == routes
    described = {
        f"{method.upper()} {path}": route["security"]
        for path, methods in app.openapi()["paths"].items()
        for method, route in methods.items()
    }
    assert described == {route: [] if SCOPES[route] is None else [{"key": [SCOPES[route]]}] for route in described}
    assert len(described) > 15


def test_every_described_route_asks_for_a_key(guarded):
    for path, methods in create_app(lambda: None).openapi()["paths"].items():
        for method in methods:
            answer = ask(guarded, method.upper(), path)
            if path in ("/healthz", "/readyz"):
                assert answer.status_code == 200
            else:
                assert answer.status_code == 401, path
                assert answer.headers["www-authenticate"] == 'Bearer realm="metier"'
                assert told(answer) == "this endpoint asks for an API key; send one as `Authorization: Bearer KEY`"


def test_a_key_does_what_its_scopes_say(guarded, own):
    body = own.body("job_feed", k=1)
    assert ask(guarded, "POST", "/v1/feed/jobs", READ, body).status_code == 200
    put = {"title": "Line cook wanted", "description": "Evenings", "skills": []}
    refused = ask(guarded, "PUT", "/v1/jobs/j", READ, put)
    assert (refused.status_code, told(refused)) == (
        403,
        "key shop is not allowed to write; ask with a key that has this scope",
    )
    assert ask(guarded, "PUT", "/v1/jobs/j", OPS, put).status_code == 202
    assert ask(guarded, "GET", "/metrics", READ).status_code == 403
    assert ask(guarded, "GET", "/metrics", OPS).status_code == 200
    unknown = ask(guarded, "POST", "/v1/feed/jobs", new_key(), body)
    assert (unknown.status_code, told(unknown).partition(";")[0]) == (401, "nobody has this API key")
    assert (ask(guarded, "GET", "/nowhere", READ).status_code, ask(guarded, "GET", "/nowhere").status_code) == (
        404,
        401,
    )
    assert ask(guarded, "DELETE", "/v1/jobs/j", READ).status_code == 405
    assert HTTP.head(f"{guarded.url}/metrics").status_code == 401


def test_a_body_without_a_key_is_not_read(guarded):
    answer = HTTP.post(f"{guarded.url}/v1/rank", content=b"x" * 5_000_000)
    assert answer.status_code == 401


def test_a_key_that_asks_too_often_is_told_when_it_may_again(guarded):
    answers = [ask(guarded, "GET", "/v1/tools", SLOW) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 429, 429]
    assert 1 <= int(answers[1].headers["retry-after"]) <= 10
    assert told(answers[1]).startswith("key slow asks more than 0.1 times a second")


def test_a_person_logs_in_and_the_browser_keeps_the_key_to_itself(guarded):
    html = {"accept": "text/html"}
    lost = ask(guarded, "GET", "/console/ask?question=a%26b", **html)
    assert lost.status_code == 303
    where = lost.headers["location"]
    assert where.startswith(f"{LOGIN}?next=")
    form = ask(guarded, "GET", where, **html)
    assert (form.status_code, 'type="password"' in form.text) == (200, True)
    wrong = HTTP.post(guarded.url + where, data={"key": "nobody's"})
    assert (wrong.status_code, "Nobody has this key" in wrong.text, "set-cookie" in wrong.headers) == (401, True, False)
    right = HTTP.post(guarded.url + where, data={"key": READ})
    assert (right.status_code, right.headers["location"]) == (303, "/console/ask?question=a%26b")
    cookie = right.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie
    behind = HTTP.post(guarded.url + LOGIN, data={"key": READ}, headers={"x-forwarded-proto": "https"})
    assert "Secure" in behind.headers["set-cookie"]
    sent = {"cookie": cookie.partition(";")[0]}
    assert ask(guarded, "GET", "/console/ask", **sent).status_code == 200
    assert ask(guarded, "GET", "/console/health", **sent).status_code == 403
    assert ask(guarded, "POST", "/v1/interactions", None, {}, **sent).status_code == 401
    assert 'metier_key=""' in form.headers["set-cookie"]
    HTTP.cookies.clear()


@pytest.mark.parametrize(
    "wanted", ["//elsewhere.example.org", "/\\elsewhere.example.org", "https://elsewhere.example.org", ""]
)
def test_the_login_leads_to_no_other_host(guarded, wanted):
    answer = HTTP.post(f"{guarded.url}{LOGIN}", params={"next": wanted}, data={"key": READ})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    HTTP.cookies.clear()


def test_pages_of_other_origins_may_ask_only_where_that_is_set(guarded, client):
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    ours = ask(guarded, "OPTIONS", "/v1/rank", origin=OURS, **asked)
    assert (ours.status_code, ours.headers["access-control-allow-origin"]) == (200, OURS)
    foreign = ask(guarded, "OPTIONS", "/v1/rank", origin=FOREIGN, **asked)
    assert (foreign.status_code, "access-control-allow-origin" in foreign.headers) == (400, False)
    assert "access-control-allow-credentials" not in ours.headers
    closed = ask(client, "OPTIONS", "/v1/rank", origin=OURS, **asked)
    assert (closed.status_code, "access-control-allow-origin" in closed.headers) == (405, False)
    answer = ask(client, "GET", "/healthz", origin=OURS)
    assert "access-control-allow-origin" not in answer.headers


def test_an_answer_names_no_key(guarded):
    for answer in (ask(guarded, "POST", "/v1/rank", new_key()), ask(guarded, "GET", "/metrics", OPS)):
        for key in (READ, OPS, SLOW):
            assert key not in answer.text
            assert hash_of(key) not in answer.text
    assert json.loads(ask(guarded, "GET", "/openapi.json", READ).text)["components"]["securitySchemes"]
