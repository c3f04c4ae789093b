"""What a search costs by each way, in nanoseconds, measured on the vectors at hand when their index is built.

Exact search looks at every eligible row: `row` each, and `product` for each row and query. The graph is asked once for
each query, for so many neighbours that twice as many eligible ones are expected among them as are wanted: `asked` a
query and `neighbour` each, of which it looks at no fewer than its width. Knows no index; measuring is the index's.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

LEAST = 0.1
"""Nanoseconds; a measured share may come out as nothing on a busy machine."""
TURNS = 3
MANY = 8
"""Queries at once, of which the share of each is measured."""


@dataclass(frozen=True)
class Costs:
    """Nanoseconds of one thread. The defaults are those of 100,000 rows of 384 floats on a server of 2024."""

    row: float = 60.0
    product: float = 40.0
    asked: float = 100_000.0
    neighbour: float = 4_000.0

    def prefers_graph(self, queries: int, rows: int, depth: int) -> bool:
        """Whether a graph that looks at `depth` neighbours a query is cheaper than looking at `rows`."""
        return queries * (self.asked + self.neighbour * depth) < rows * (self.row + queries * self.product)

    @classmethod
    def measured(
        cls, exact: Callable[[int], object], rows: int, near: Callable[[int], object], depths: tuple[int, int]
    ) -> Self:
        """`exact(m)` looks at `rows` for m queries; `near(depth)` asks the graph for one."""
        one, many = seconds(exact, 1), seconds(exact, MANY)
        shallow, deep = (seconds(near, depth) for depth in depths)
        product = max((many - one) / (MANY - 1) / rows * 1e9, LEAST)
        neighbour = max((deep - shallow) / (depths[1] - depths[0]) * 1e9, LEAST)
        return cls(
            row=max(one / rows * 1e9 - product, LEAST),
            product=product,
            asked=max(shallow * 1e9 - neighbour * depths[0], LEAST),
            neighbour=neighbour,
        )


def seconds(call: Callable[[int], object], argument: int) -> float:
    """Processor time of this thread, the least of TURNS: another process on the machine counts for nothing."""
    taken = []
    for _ in range(TURNS):
        begun = time.thread_time()
        call(argument)
        taken.append(time.thread_time() - begun)
    return min(taken)
