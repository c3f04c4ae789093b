"""A slate that is asked for again by its query_id is the same slate, and is recorded once."""

import asyncio

import pytest

from metier.errors import ContradictionError
from serving.admission.repeats import Repeats
from tests.serving.world import logged, served, wait_until


class Counting:
    """Answers by their number; waits for an event first, where there is one."""

    def __init__(self, go=None, error=None):
        self.asked, self._go, self._error = 0, go, error

    async def __call__(self):
        self.asked += 1
        if self._go is not None:
            await self._go.wait()
        if self._error is not None:
            raise self._error
        return f"answer {self.asked}"


def test_what_is_under_way_or_kept_is_answered_once():
    async def scenario():
        repeats, go = Repeats(), asyncio.Event()
        answer = Counting(go)
        both = [asyncio.create_task(repeats.once("q", "x", answer)) for _ in range(2)]
        await asyncio.sleep(0)
        go.set()
        return [*await asyncio.gather(*both), await repeats.once("q", "x", answer)], answer.asked

    assert asyncio.run(scenario()) == (["answer 1"] * 3, 1)


def test_one_id_is_one_question():
    async def scenario():
        repeats = Repeats()
        await repeats.once("q", "x", Counting())
        with pytest.raises(ContradictionError, match="that of another request"):
            await repeats.once("q", "y", Counting())
        repeats._kept.clear()  # as after ten seconds
        with pytest.raises(ContradictionError, match="answered over 10 s ago"):
            await repeats.once("q", "x", Counting())

    asyncio.run(scenario())


def test_what_failed_or_was_given_up_may_be_asked_again():
    async def scenario():
        repeats = Repeats()
        with pytest.raises(ValueError, match="failed"):
            await repeats.once("q", "x", Counting(error=ValueError("failed")))
        given_up = asyncio.create_task(repeats.once("q", "x", Counting(asyncio.Event())))
        await asyncio.sleep(0)
        joined = asyncio.create_task(repeats.once("q", "x", Counting()))
        await asyncio.sleep(0)
        given_up.cancel()
        return await joined

    assert asyncio.run(scenario()) == "answer 1"


def test_a_slate_asked_for_twice_is_recorded_once(world, tmp_path):
    other = world.copy(tmp_path / "home")
    body = {**world.body("job_feed", k=3), "query_id": "mine"}
    with served(other.engine) as client:
        first, again = client.ranked("/v1/feed/jobs", body), client.ranked("/v1/feed/jobs", body)
        assert client.post("/v1/feed/jobs", {**body, "k": 4}).status_code == 409
        wait_until(lambda: len(logged(other.settings.events, "impressions")) == 3)
    assert first == again
    assert first["query_id"] == "mine"
    assert [row["query_id"] for row in logged(other.settings.events, "queries")] == ["mine"]
    assert len(logged(other.settings.events, "impressions")) == 3
