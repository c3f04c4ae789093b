"""`metier mcp` with the protocol's own client, over both transports, before an endpoint on a real socket."""

import asyncio
import contextlib
import socket
import sys

import pytest
import uvicorn
from mcp import Client, StdioServerParameters

from components.language.assistant.tools import TOOLS
from metier.cli.mcp.server import EndpointTools, tool_server

SECONDS = 60.0


@pytest.fixture(scope="module")
def actor(world):
    return world.owner(world.open_jobs[0])


@pytest.fixture
def tools(client, actor):
    return tool_server(EndpointTools(client.url, actor))


def over(server, work):
    """What `work` gets of a client of the server."""

    async def connected():
        async with Client(server, read_timeout_seconds=SECONDS) as asking:
            return await work(asking)

    return asyncio.run(connected())


def called(server, name, arguments):
    return over(server, lambda asking: asking.call_tool(name, arguments))


def test_the_tools_are_the_endpoints_and_only_read(tools):
    listed = over(tools, lambda asking: asking.list_tools()).tools
    assert [tool.name for tool in listed] == [tool.name for tool in TOOLS]
    assert all(tool.annotations.read_only_hint for tool in listed)


def test_a_call_answers_with_what_the_endpoint_found(tools, client, actor):
    arguments = {"text": "designer", "k": 3}
    answer = called(tools, "search_talent", arguments)
    told = client.post("/v1/tools/search_talent", {"actor_id": actor, "arguments": arguments}).json()
    found = answer.structured_content["candidates"]
    assert not answer.is_error
    assert len(found) == 3
    assert [each["candidate_id"] for each in found] == [each["candidate_id"] for each in told["result"]["candidates"]]


def test_no_argument_changes_who_asks(tools):
    answer = called(tools, "search_talent", {"text": "designer", "actor_id": "cl_someone_else"})
    assert answer.is_error
    assert "actor_id" in answer.content[0].text


@pytest.mark.parametrize(
    ("name", "arguments", "reason"),
    [
        ("search_talent", {"text": "designer", "k": -1}, "k"),
        ("hire", {}, "hire"),
        ("search_talent?x=1", {"text": "designer"}, "unknown tool 'search_talent?x=1'"),
        ("../search/talent", {"text": "designer"}, "no route"),
    ],
    ids=["an argument out of bounds", "a tool that is none", "a query string", "a path"],
)
def test_what_the_endpoint_refuses_is_a_tool_error_of_one_line(tools, name, arguments, reason):
    answer = called(tools, name, arguments)
    assert answer.is_error
    assert reason in answer.content[0].text
    assert "\n" not in answer.content[0].text


def test_an_endpoint_that_is_away_is_a_tool_error_that_says_what_to_do():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        away = tool_server(EndpointTools(f"http://127.0.0.1:{taken.getsockname()[1]}", None))
        answer = called(away, "search_talent", {"text": "designer"})
    assert answer.is_error
    assert "metier serve" in answer.content[0].text


def test_over_standard_input_and_output(client, actor):
    command = [sys.executable, "-m", "metier.cli.app", "mcp", "--url", client.url, "--actor", actor]
    process = StdioServerParameters(command=command[0], args=command[1:])
    answer = called(process, "search_talent", {"text": "designer", "k": 2})
    assert len(answer.structured_content["candidates"]) == 2


def test_over_http_on_loopback(tools):
    async def served():
        config = uvicorn.Config(tools.streamable_http_app(host="127.0.0.1"), port=0, log_level="warning")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.02)
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            async with Client(f"http://127.0.0.1:{port}/mcp", read_timeout_seconds=SECONDS) as asking:
                return await asking.call_tool("search_talent", {"text": "designer", "k": 2})
        finally:
            server.should_exit = True
            with contextlib.suppress(asyncio.CancelledError):
                await serving

    answer = asyncio.run(served())
    assert len(answer.structured_content["candidates"]) == 2
