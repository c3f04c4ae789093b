"""A replica that is killed under load costs no request: the other one answers, and it is started again."""

import threading
import time
from collections import Counter
from contextlib import contextmanager

import httpx
import psutil
import pytest

from tests.local.walk import endpoint
from tests.serving.world import World, build_world

CLIENTS = 4
ANSWER_SECONDS = 60
START_SECONDS = 120.0


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> World:
    return build_world(tmp_path_factory.mktemp("killed") / "home")


@contextmanager
def under_load(url: str, body: dict):
    """Asks all the while; how often it got which answer."""
    ended, told = threading.Event(), Counter()

    def ask_on():
        with httpx.Client(timeout=ANSWER_SECONDS) as session:
            while not ended.is_set():
                try:
                    answer = session.post(f"{url}/v1/feed/jobs", json=body)
                    told[answer.status_code, answer.json()["tier"]] += 1
                except (httpx.HTTPError, ValueError, KeyError) as error:
                    told[type(error).__name__, ""] += 1

    threads = [threading.Thread(target=ask_on) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield told
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def replicas(served) -> list[psutil.Process]:
    return [each for each in served.family() if each.name().startswith("ray::ServeReplica")]


def wait_until(done) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not done():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.2)


def test_no_request_fails_while_one_of_two_replicas_is_killed(world):
    with endpoint(world.home) as served, under_load(served.url, world.body("job_feed")) as told:
        wait_until(lambda: sum(told.values()) > 50)
        victim, other = replicas(served)
        victim.kill()
        before = sum(told.values())
        wait_until(lambda: sum(told.values()) > before + 200)
        wait_until(lambda: len(replicas(served)) == 2 and victim.pid not in {each.pid for each in replicas(served)})
        assert other.is_running()
    assert set(told) == {(200, "ensemble")}, told
