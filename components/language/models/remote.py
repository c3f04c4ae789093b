"""A language model behind an OpenAI-compatible chat endpoint: vLLM, Ray Serve LLM, llama.cpp, a hosted service.

Deadlines are whole: connecting, retries, and an answer that trickles in without end included. An answer may hold so
many bytes and no more. No error and no log line holds the key, what was asked, or what the endpoint wrote. Knows no
prompt.
"""

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from time import monotonic
from typing import Annotated, Any, cast

import anyio
import httpx2
from anyio.from_thread import start_blocking_portal
from openai import APIConnectionError, APIStatusError, AsyncOpenAI
from pydantic import BaseModel, Field, SecretStr, ValidationError

from components.language.models.budget import Budget
from components.language.models.chat import Completion, Message, Usage, Value
from components.language.models.tally import Tally
from metier.breaker import Breaker
from metier.errors import ModelAnswerError, ModelBudgetError, ModelError, RestingModelError

MOST_BYTES = 1_000_000
"""Of an answer."""
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
"""Seconds between tries; each pause is twice the one before, a random part of it."""
RETRIED = frozenset({408, 409, 429, *range(500, 600)})
"""Statuses after which another try may succeed."""
MOVES = {
    400: "it may not know response_format json_schema, or the prompt is too long for it",
    401: "set METIER_LLM_API_KEY to a key that it takes",
    403: "set METIER_LLM_API_KEY to a key that may use this model",
    404: "set METIER_LLM_URL to the address before /chat/completions, and METIER_LLM_MODEL to a model that it serves",
    429: "it limits how often it is asked; ask again later",
}
"""What to do about a status."""
REST_SECONDS = 5.0


@dataclass(frozen=True)
class Endpoint:
    """Where a model is served, and under which name."""

    url: str
    """Before `/chat/completions`, such as http://127.0.0.1:8080/v1."""
    model: str
    api_key: SecretStr = field(default_factory=lambda: SecretStr(""))


class _Message(BaseModel):
    content: str | None = None


class _Choice(BaseModel):
    message: _Message


class _Usage(BaseModel):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Answer(BaseModel):
    """The parts of a chat completion that are read."""

    choices: Annotated[list[_Choice], Field(min_length=1)]
    usage: _Usage | None = None


class RemoteModel:
    """Asks one endpoint; `close` ends its thread, in which all requests run."""

    def __init__(self, endpoint: Endpoint, budget: Budget, tally: Tally | None = None) -> None:
        self.name = endpoint.model
        self.tally = tally or Tally()
        self._budget = budget
        self._breaker = Breaker(REST_SECONDS, what="the language model", refused=RestingModelError)
        self._opened = ExitStack()
        self._portal = self._opened.enter_context(start_blocking_portal())
        self._client = self._portal.call(_client, endpoint)
        self._opened.callback(self._portal.call, self._client.close)

    def close(self) -> None:
        """Close all connections and end the thread."""
        self._opened.close()

    def complete(
        self,
        messages: Sequence[Message],
        *,
        caller: str,
        deadline_s: float,
        max_tokens: int,
        schema: type[Value] | None = None,
    ) -> Completion[Value]:
        """As `ChatModel` says; an answer that does not keep the schema is asked for once more, with what is wrong."""
        until = monotonic() + deadline_s
        answer, usage = self._answer(messages, caller, until, max_tokens, schema)
        if schema is None:
            self.tally.count(caller, "answered")
            return Completion(answer, None, usage)
        try:
            value = _read(answer, schema)
        except ModelAnswerError as error:
            again = [*messages, Message("assistant", answer), Message("user", f"{error}; answer again, in JSON only")]
            answer, more = self._answer(again, caller, until, max_tokens, schema)
            usage += more
            value = self._read_last(answer, schema, caller)
        self.tally.count(caller, "answered")
        return Completion(answer, value, usage)

    def _read_last(self, answer: str, schema: type[Value], caller: str) -> Value:
        try:
            return _read(answer, schema)
        except ModelAnswerError:
            self.tally.count(caller, "invalid")
            raise

    def _answer(
        self, messages: Sequence[Message], caller: str, until: float, max_tokens: int, schema: type[BaseModel] | None
    ) -> tuple[str, Usage]:
        """Text and usage of one answer, counted; ModelError where there is none by `until`."""
        if until <= monotonic():
            self.tally.count(caller, "refused")
            raise ModelError("no time is left to ask the language model; give the request a longer deadline")
        asked: dict[str, Any] = {
            "model": self.name,
            "messages": [{"role": message.role, "content": message.content} for message in messages],
            "max_tokens": max_tokens,
            "temperature": 0.0,
        }
        if schema is not None:
            described = {"name": schema.__name__, "schema": schema.model_json_schema()}
            asked["response_format"] = {"type": "json_schema", "json_schema": described}
        try:
            reservation = self._budget.reserve(messages, max_tokens)
            answer = self._breaker.attempt(lambda: self._portal.call(self._tried, asked, until))
        except ModelBudgetError:
            self.tally.count(caller, "refused")
            raise
        except RestingModelError:
            self._budget.settle(reservation, Usage())
            self.tally.count(caller, "refused")
            raise
        except Exception as error:
            self.tally.count(caller, "failed")
            raise ModelError(f"the language model failed: {_reason(error)}") from None
        if answer.usage is not None:
            usage = Usage(max(answer.usage.prompt_tokens, 0), max(answer.usage.completion_tokens, 0))
            self._budget.settle(reservation, usage)
            self.tally.spend(caller, usage, self._budget.prices.cost_usd(usage))
        else:
            usage = Usage()
        return answer.choices[0].message.content or "", usage

    async def _tried(self, asked: dict[str, Any], until: float) -> _Answer:
        """The endpoint's answer, tried as often as the deadline allows; raises what the last try did."""
        pause = FIRST_PAUSE
        with anyio.fail_after(max(until - monotonic(), 0.0)):
            while True:
                try:
                    return await self._once(asked)
                except Exception as error:
                    wait = max(_asked_to_wait(error), pause * (0.5 + 0.5 * random.random()))  # noqa: S311
                    if not _may_pass(error) or monotonic() + wait >= until:
                        raise
                await anyio.sleep(wait)
                pause = min(2 * pause, LONGEST_PAUSE)

    async def _once(self, asked: dict[str, Any]) -> _Answer:
        raw = await self._client.chat.completions.with_raw_response.create(**asked)
        return _Answer.model_validate_json(raw.http_response.content)


class _Bounded(httpx2.AsyncByteStream):
    """A body that ends with an OverflowError past MOST_BYTES."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._stream:
            size += len(chunk)
            if size > MOST_BYTES:
                raise OverflowError
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _bound(response: httpx2.Response) -> None:
    response.stream = _Bounded(cast(httpx2.AsyncByteStream, response.stream))


async def _client(endpoint: Endpoint) -> AsyncOpenAI:
    """The client of an endpoint, given all that openai would else read from the environment for its own service."""
    return AsyncOpenAI(
        base_url=endpoint.url,
        api_key=endpoint.api_key.get_secret_value() or "none",
        admin_api_key="",
        organization="",
        project="",
        max_retries=0,
        timeout=None,
        http_client=httpx2.AsyncClient(
            event_hooks={"response": [_bound]}, headers={"accept-encoding": "identity"}, timeout=None
        ),
    )


def _read(answer: str, schema: type[Value]) -> Value:
    """The answer by the schema; ModelAnswerError says where it does not keep it, and repeats nothing of it."""
    try:
        return schema.model_validate_json(answer)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"])) or "the answer"
        raise ModelAnswerError(
            f"the language model's answer does not keep the schema: {where}: {first['msg']}"
        ) from None


def _may_pass(error: Exception) -> bool:
    """Whether another try may soon succeed; where nobody listens, the next request is soon enough to see again."""
    if isinstance(error, APIStatusError):
        return error.status_code in RETRIED
    return isinstance(error, APIConnectionError) and not isinstance(error.__cause__, httpx2.ConnectError)


def _asked_to_wait(error: Exception) -> float:
    """Seconds that the endpoint's Retry-After asks for, 0 where it asks for none."""
    stated = getattr(getattr(error, "response", None), "headers", {}).get("retry-after", "")
    return float(stated) if stated.isdigit() else 0.0


def _reason(error: Exception) -> str:
    """What happened and what to do, without a word of what was sent or came back."""
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return f"it answered with HTTP status {status}; {MOVES.get(status, 'see its own log')}"
    if isinstance(error, TimeoutError):
        return "it gave no answer in time; give it longer, or a smaller model"
    if isinstance(error, OverflowError):
        return f"its answer is over {MOST_BYTES:,} bytes; see that METIER_LLM_URL is a chat endpoint"
    if isinstance(error, ValidationError):
        return "its answer is no chat completion; see that METIER_LLM_URL is the address before /chat/completions"
    return f"it was not reached ({type(error).__name__}); see that METIER_LLM_URL is right and that it runs"
