"""`/v1/tools`: the tools of the search assistant, one call at a time, for one actor by typed arguments.

What people's own agents search with. Knows no stage.
"""

import time
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, FiniteFloat, SerializeAsAny, ValidationError

from components.language.assistant.tools import TOOLS, Tool, tool_named
from metier.texts.fields import Id, Model, ShortText
from serving.http.replica import Replica
from serving.language.marketplace import ActorMarketplace
from serving.request.trace import RequestTrace


class ToolDescription(BaseModel):
    """One tool; `arguments` and `result` are JSON schemas."""

    name: str
    description: str
    arguments: dict[str, Any]
    result: dict[str, Any]


class ToolList(BaseModel):
    """Every tool."""

    tools: list[ToolDescription]


class ToolCall(Model):
    """One call: who asks, and the arguments of the tool."""

    actor_id: Annotated[Id | None, Field(description="who asks; null or absent for a visitor without an account")] = (
        None
    )
    arguments: dict[ShortText, Any] = Field(default_factory=dict)
    deadline_ms: Annotated[FiniteFloat, Field(ge=1, le=60_000)] = 3_000.0


class ToolAnswer(BaseModel):
    """What a tool found, by the schema of its result."""

    tool: str
    result: SerializeAsAny[BaseModel]
    degraded: list[str]
    took_ms: float


def add_tool_routes(app: FastAPI, replica: Replica) -> None:
    @app.get("/v1/tools", response_model=ToolList)
    async def tools() -> ToolList:
        """The tools, with the schemas of their arguments and results."""
        return ToolList(tools=[_described(tool) for tool in TOOLS])

    @app.post("/v1/tools/{name}", response_model=ToolAnswer)
    async def call_tool(name: str, call: ToolCall) -> ToolAnswer:
        """One call of a tool. Nothing is recorded, and nothing changes."""
        tool = tool_named(name)
        arguments = _read(tool, call.arguments)
        begun, trace = time.perf_counter(), RequestTrace(call.deadline_ms)
        market = ActorMarketplace(replica.engine, call.actor_id or "", trace)
        result = await replica.find(lambda: tool.call(market, arguments), trace)
        took_ms = 1e3 * (time.perf_counter() - begun)
        return ToolAnswer(tool=name, result=result, degraded=trace.degraded, took_ms=took_ms)


def _described(tool: Tool) -> ToolDescription:
    return ToolDescription(
        name=tool.name,
        description=tool.description,
        arguments=tool.arguments.model_json_schema(),
        result=tool.result.model_json_schema(mode="serialization"),
    )


def _read(tool: Tool, arguments: Mapping[str, Any]) -> Model:
    """The arguments by the tool's type; an error names the field as every body's does."""
    try:
        return tool.arguments.model_validate(arguments)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        raise RequestValidationError([{**fault, "loc": ("arguments", *fault["loc"])} for fault in faults]) from None
