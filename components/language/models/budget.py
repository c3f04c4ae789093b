"""How many tokens and dollars language models may use: in one request, and in any minute.

What a request may use at most is reserved before it is sent, and what it did use is counted after. Knows no endpoint.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from components.language.models.chat import Message, Usage
from metier.errors import ModelBudgetError

MINUTE = 60.0
BYTES_A_TOKEN = 3
"""At least so many bytes of text are a token; English has more than four."""
TOKENS_A_MESSAGE = 8
"""What a chat template writes around a message, at most."""


@dataclass(frozen=True)
class Prices:
    """US dollars a million tokens."""

    read_usd: float = 0.0
    written_usd: float = 0.0

    def cost_usd(self, usage: Usage) -> float:
        return (usage.read * self.read_usd + usage.written * self.written_usd) / 1e6


@dataclass
class Reservation:
    """What one request may use; after it was settled, what it used."""

    at: float
    tokens: int
    usd: float


class Budget:
    """Limits on tokens a request, tokens a minute and dollars a minute (None: any). Safe to share between threads."""

    def __init__(
        self,
        tokens_a_request: int,
        tokens_a_minute: int,
        usd_a_minute: float | None = None,
        *,
        prices: Prices | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.prices = prices or Prices()
        self._tokens_a_request = tokens_a_request
        self._tokens_a_minute = tokens_a_minute
        self._usd_a_minute = usd_a_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._used: deque[Reservation] = deque()

    def reserve(self, messages: Sequence[Message], max_tokens: int) -> Reservation:
        """Room for one request; ModelBudgetError where a limit would be passed."""
        most = Usage(tokens_of(messages), max_tokens)
        tokens, usd = most.read + most.written, self.prices.cost_usd(most)
        if tokens > self._tokens_a_request:
            raise ModelBudgetError(
                f"the request may use {tokens:,} tokens and {self._tokens_a_request:,} are allowed; "
                "shorten it, or raise METIER_LLM_TOKENS_PER_REQUEST"
            )
        with self._lock:
            now = self._clock()
            while self._used and self._used[0].at <= now - MINUTE:
                self._used.popleft()
            if tokens + sum(each.tokens for each in self._used) > self._tokens_a_minute:
                raise ModelBudgetError(
                    f"this minute's {self._tokens_a_minute:,} tokens are used up; "
                    "ask again in a minute, or raise METIER_LLM_TOKENS_PER_MINUTE"
                )
            if self._usd_a_minute is not None and usd + sum(each.usd for each in self._used) > self._usd_a_minute:
                raise ModelBudgetError(
                    f"this minute's {self._usd_a_minute:g} USD are used up; "
                    "ask again in a minute, or raise METIER_LLM_USD_PER_MINUTE"
                )
            reservation = Reservation(now, tokens, usd)
            self._used.append(reservation)
        return reservation

    def settle(self, reservation: Reservation, usage: Usage) -> None:
        """Count what the request used in place of what was reserved for it."""
        with self._lock:
            reservation.tokens = usage.read + usage.written
            reservation.usd = self.prices.cost_usd(usage)


def tokens_of(messages: Sequence[Message]) -> int:
    """Tokens of the messages, at most: a tokenizer would have to be the model's own to tell exactly."""
    texts = (len(message.content.encode("utf-8", "replace")) for message in messages)
    return sum(math.ceil(size / BYTES_A_TOKEN) + TOKENS_A_MESSAGE for size in texts)
