"""Which feedback contradicts what was told before: an id that is known with other content. Knows no HTTP."""

from collections.abc import Iterable, Mapping
from typing import Any

from cachetools import LRUCache

from components.retrieval.pair_facts import PairFacts
from feature_repo.build.histories import fingerprint
from metier.errors import ContradictionError

REMEMBERED = 100_000
"""Interactions whose content is known exactly; of older ones and other replicas' only what pair facts know."""


class Told:
    """What this replica was told last, by id. Used by one thread."""

    def __init__(self) -> None:
        self._contents: LRUCache[int, int] = LRUCache(REMEMBERED)

    def require_consistent(self, posts: Iterable[Mapping[str, Any]], facts: PairFacts) -> None:
        """ContradictionError, naming the id, where one of `posts` has the id of another interaction."""
        for post in posts:
            known = self._contents.get(_name(post))
            if facts.contradicts(post) if known is None else known != _content(post):
                raise ContradictionError(
                    f"interaction {post['interaction_id']!r} was told before with other content, which counts; "
                    "send this one under an id of its own"
                )

    def remember(self, posts: Iterable[Mapping[str, Any]]) -> None:
        """Once they are durable."""
        self._contents.update((_name(post), _content(post)) for post in posts)


def _name(post: Mapping[str, Any]) -> int:
    return fingerprint(post["interaction_id"])


def _content(post: Mapping[str, Any]) -> int:
    return hash(tuple(sorted(post.items())))
