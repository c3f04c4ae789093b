"""What a language model is asked and what it answers, whoever serves it. Knows no endpoint and no prompt."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel

Value = TypeVar("Value", bound=BaseModel)


@dataclass(frozen=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class Usage:
    """Tokens read and tokens written."""

    read: int = 0
    written: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(self.read + other.read, self.written + other.written)


@dataclass(frozen=True)
class Completion(Generic[Value]):
    """An answer; `value` is its text read by the schema, None where none was asked for."""

    text: str
    value: Value | None
    usage: Usage


class ChatModel(Protocol):
    """A language model behind a chat endpoint. Safe to share between threads."""

    name: str

    def complete(
        self,
        messages: Sequence[Message],
        *,
        caller: str,
        deadline_s: float,
        max_tokens: int,
        schema: type[Value] | None = None,
    ) -> Completion[Value]:
        """The answer to `messages` within `deadline_s` seconds; ModelError where there is none.

        At most `max_tokens` are written. With a `schema` the answer is JSON that pydantic reads by it. `caller` names
        who asks, a word, under which usage is counted.
        """
