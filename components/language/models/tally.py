"""What was asked of language models since the process started, by who asked. Knows no endpoint and no metrics page."""

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from components.language.models.chat import Usage

Outcome = Literal["answered", "invalid", "failed", "refused"]
"""Invalid: it did not keep the schema. Refused: not asked, since it rests or a budget is used up."""


@dataclass
class Tally:
    """Counts by caller. Safe to share between threads."""

    requests: Counter[tuple[str, Outcome]] = field(default_factory=Counter)
    read: Counter[str] = field(default_factory=Counter)
    written: Counter[str] = field(default_factory=Counter)
    cost_usd: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, caller: str, outcome: Outcome) -> None:
        """One request of `caller` came to that."""
        with self._lock:
            self.requests[caller, outcome] += 1

    def spend(self, caller: str, usage: Usage, cost_usd: float) -> None:
        """Count what a request of `caller` used."""
        with self._lock:
            self.read[caller] += usage.read
            self.written[caller] += usage.written
            self.cost_usd[caller] = self.cost_usd.get(caller, 0.0) + cost_usd
