"""A request that is sent again by its query_id is answered as it was, and recorded once. Knows no slate."""

import asyncio
from collections.abc import Awaitable, Callable

from cachetools import LRUCache, TTLCache

from metier.errors import ContradictionError

KEPT_SECONDS = 10.0
"""How long an answer is kept for one who asks again: no longer, since what may be shown changes."""
MOST_KEPT = 2_000
"""Answers, some 10 kB each."""
MOST_NAMES = 100_000
"""Of the query_ids that were answered before."""


class Repeats:
    """What this replica answered, by the query_id that the caller made. For one event loop."""

    def __init__(self) -> None:
        self._kept: TTLCache[str, tuple[str, asyncio.Future[str]]] = TTLCache(MOST_KEPT, KEPT_SECONDS)
        self._answered: LRUCache[str, None] = LRUCache(MOST_NAMES)

    async def once(self, query_id: str, asked: str, answer: Callable[[], Awaitable[str]]) -> str:
        """What `answer` gives, the first time that it is asked for; while it is under way, or kept, the same again.

        ContradictionError for another question by the same id, and for one that was answered longer ago. What failed,
        or was given up, may be asked again.
        """
        while (known := self._kept.get(query_id)) is not None:
            if known[0] != asked:
                raise ContradictionError(f"query_id {query_id!r} is that of another request; make one for each slate")
            try:
                return await asyncio.shield(known[1])
            except asyncio.CancelledError:
                if not known[1].cancelled():
                    raise
        if query_id in self._answered:
            raise ContradictionError(
                f"query_id {query_id!r} was answered over {KEPT_SECONDS:g} s ago; make one for each slate"
            )
        return await self._first(query_id, asked, answer)

    async def _first(self, query_id: str, asked: str, answer: Callable[[], Awaitable[str]]) -> str:
        future = asyncio.get_running_loop().create_future()
        self._kept[query_id] = (asked, future)
        try:
            given = await answer()
        except BaseException:  # a caller who left included
            self._kept.pop(query_id, None)
            future.cancel()
            raise
        future.set_result(given)
        self._answered[query_id] = None
        return given
