"""The random numbers of a query: a function of its id, so that a request that is repeated or replayed draws the same.

A hash instead of a generator: the numbers depend on no library's version and take 2 µs.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

PURPOSE = b"exploration "
"""Other draws by the same id are independent of these."""
_BYTES, _BITS = 8, 53


@dataclass(frozen=True)
class Draws:
    """Independent uniform numbers in [0, 1): for the coin that shuffles, for the slot, and one for each rank."""

    coin: float
    slot: float
    ranks: npt.NDArray[np.float64]
    """(n_ranks,); their order is a uniformly random permutation."""

    @classmethod
    def of(cls, query_id: str, n_ranks: int) -> "Draws":
        """The numbers of a query, for a slate of `n_ranks`."""
        digest = hashlib.shake_256(PURPOSE + query_id.encode()).digest(_BYTES * (2 + n_ranks))
        numbers = (np.frombuffer(digest, "<u8") >> (8 * _BYTES - _BITS)).astype(np.float64) * 2.0**-_BITS
        return cls(float(numbers[0]), float(numbers[1]), numbers[2:])
