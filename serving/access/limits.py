"""How often a key may ask one replica: a token bucket, filled by the clock. Knows no key and no request.

Each replica counts for itself: a count that all share would cost every request a round trip to a store, and be wrong or
in the way while that store is down. Behind N replicas a key may therefore ask N times as often.
"""


class Bucket:
    """`per_second` requests a second in the long run, and a second's worth of them at once."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._size = max(per_second, 1.0)
        self._level = self._size
        self._filled_at = 0.0

    def take(self, now: float) -> float:
        """0 where a request may pass at `now`, in seconds of any steady clock; else the seconds until one may."""
        filled = self._level + max(now - self._filled_at, 0.0) * self._per_second
        self._level, self._filled_at = min(filled, self._size), now
        if self._level < 1.0:
            return (1.0 - self._level) / self._per_second
        self._level -= 1.0
        return 0.0
