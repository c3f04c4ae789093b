"""What a key may do: its scopes, its rate, and where a cookie counts."""

import re
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metier.errors import NotFoundError, RateLimitError, ScopeError, UnknownKeyError
from serving.access import COOKIE, SCOPES, Access
from serving.access.keys import Key, hash_of, new_key
from serving.access.limits import Bucket
from serving.access.scopes import Scope, is_known, route_of

KEYS = {scope: new_key() for scope in get_args(Scope)}
HELD = {scope: Key(sha256=hash_of(key), scopes=[scope], per_second=1_000_000) for scope, key in KEYS.items()}


def bearing(key):
    return {b"authorization": f"Bearer {key}".encode()}


def path_of(route):
    """A path that the route takes."""
    return re.sub(r"\{\w+\}", "n", route.partition(" ")[2].replace("{path:path}", "a/b.js"))


@pytest.mark.parametrize("route", SCOPES)
def test_each_route_is_open_to_the_keys_of_its_scope_alone(route):
    access, method, path = Access(HELD), route.partition(" ")[0], path_of(route)
    for scope, key in KEYS.items():
        if SCOPES[route] in (None, scope):
            access.admit(method, path, bearing(key))
        else:
            with pytest.raises(ScopeError, match=f"key {scope} is not allowed to {SCOPES[route]}"):
                access.admit(method, path, bearing(key))
    if SCOPES[route] is None:
        access.admit(method, path, {})
    else:
        with pytest.raises(UnknownKeyError, match="asks for an API key"):
            access.admit(method, path, {})


@pytest.mark.parametrize(
    "sent",
    [b"", b"Bearer", b"Bearer ", b"Basic dTpw", b"Bearer \xff\xfe", b"Bearer " + b"x" * 60_000, KEYS["read"].encode(),
     f"Bearer {KEYS['read'][:-1]}".encode(), f"Bearer {HELD['read'].sha256}".encode()],
    ids=["empty", "no key", "an empty key", "basic", "no text", "long", "no scheme", "cut short", "a hash"],
)  # fmt: skip
def test_what_is_no_key_that_is_set_is_refused(sent):
    with pytest.raises(UnknownKeyError):
        Access(HELD).admit("POST", "/v1/rank", {b"authorization": sent})


def test_a_key_that_could_be_guessed_is_none_whatever_its_hash():
    access = Access({"weak": Key(sha256=hash_of("hunter2"), scopes=["read"])})
    with pytest.raises(UnknownKeyError):
        access.admit("POST", "/v1/rank", bearing("hunter2"))


def test_without_keys_everybody_may_do_everything():
    for route in SCOPES:
        Access({}).admit(route.partition(" ")[0], path_of(route), {})
    Access({}).admit("GET", "/nowhere", {})


def test_metrics_may_be_opened_and_nothing_else():
    access = Access(HELD, metrics_open=True)
    access.admit("GET", "/metrics", {})
    with pytest.raises(UnknownKeyError):
        access.admit("GET", "/v1/bundle", {})


def test_only_a_key_learns_which_paths_there_are():
    access = Access(HELD)
    for path in ("/nowhere", "/v1/jobs/a/b", "/v1/jobs/", "//v1/rank", "/V1/rank", "/metrics/"):
        with pytest.raises(UnknownKeyError):
            access.admit("GET", path, {})
        with pytest.raises(NotFoundError):
            access.admit("GET", path, bearing(KEYS["read"]))
    access.admit("DELETE", "/v1/jobs/j", bearing(KEYS["read"]))  # the router says which methods there are


@given(st.text(max_size=30))
def test_whatever_stands_in_for_an_id_is_the_same_route(name):
    path = f"/v1/jobs/{name}"
    assert (route_of("PUT", path) == "PUT /v1/jobs/{job_id}") == (name != "" and "/" not in name)
    assert is_known(path) == (name != "" and "/" not in name)


def test_a_cookie_is_a_key_for_pages_and_for_what_our_own_pages_send():
    access = Access(HELD)
    cookie = {b"cookie": f"a=b; {COOKIE}={KEYS['read']}".encode(), b"host": b"here:8000"}
    access.admit("GET", "/", cookie)
    access.admit("POST", "/v1/assist", {**cookie, b"origin": b"http://here:8000"})
    for origin in ({}, {b"origin": b"http://here:3000"}, {b"origin": b"null"}, {b"origin": b""}):
        with pytest.raises(UnknownKeyError):
            access.admit("POST", "/v1/assist", {**cookie, **origin})
    with pytest.raises(UnknownKeyError):
        access.admit("GET", "/", {**cookie, b"authorization": b"Bearer x"})


def test_a_key_has_a_second_of_requests_at_once_and_its_rate_then():
    moments = [100.0]
    slow = {"slow": Key(sha256=hash_of(KEYS["read"]), scopes=["read"], per_second=2)}
    access = Access({**slow, "write": HELD["write"]}, now=lambda: moments[0])

    def ask():
        access.admit("POST", "/v1/rank", bearing(KEYS["read"]))

    ask(), ask()
    with pytest.raises(RateLimitError, match="key slow asks more than 2 times a second") as refused:
        ask()
    assert refused.value.wait_seconds == pytest.approx(0.5)
    access.admit("PUT", "/v1/jobs/j", bearing(KEYS["write"]))  # another key has a rate of its own
    moments[0] += 0.5
    ask()
    with pytest.raises(RateLimitError):
        ask()


@given(st.floats(0.01, 1_000), st.lists(st.floats(0, 10), max_size=60))
def test_a_bucket_lets_no_more_pass_than_its_rate(per_second, waits):
    bucket, now, passed = Bucket(per_second), 7.0, 0
    for wait in waits:
        now += wait
        told = bucket.take(now)
        passed += told == 0
        assert 0 <= told <= 1 / per_second
    assert passed <= max(per_second, 1) + (now - 7) * per_second + 1e-6
