"""`metier mcp`: the tools of a running endpoint for other people's agents."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from metier.errors import InputError
from metier.settings import load_settings

if TYPE_CHECKING:
    from metier.cli.mcp.server import EndpointTools

HOST = "127.0.0.1"


def mcp(
    actor: Annotated[
        str | None, typer.Option(help="Who searches: a client's or a freelancer's id. Default: a visitor.")
    ] = None,
    url: Annotated[str | None, typer.Option(help="Where the endpoint listens.")] = None,
    http: Annotated[
        int | None,
        typer.Option(min=0, max=65_535, help="Serve streamable HTTP on this port of loopback (0: a free one)."),
    ] = None,
) -> None:
    """Serve the endpoint's tools as an MCP server: on standard input and output, or over HTTP on loopback.

    Example: metier mcp --actor cl_000003
    """
    from metier.cli.mcp.server import EndpointTools

    settings = load_settings()
    address = (url or f"http://{settings.http_host}:{settings.http_port}").rstrip("/")
    if not address.startswith(("http://", "https://")):
        raise InputError(f"--url is {url!r}; give it with its scheme, such as http://{address}")
    tools = EndpointTools(address, actor, settings.api_key.get_secret_value())
    names = ", ".join(tool.name for tool in asyncio.run(tools.listed()))
    print(f"metier: {names} of {tools.url} as {actor or 'a visitor'}", file=sys.stderr, flush=True)
    if http is None:
        asyncio.run(_over_stdio(tools))
    else:
        _over_http(tools, http)


async def _over_stdio(tools: EndpointTools) -> None:
    from mcp.server.stdio import stdio_server

    from metier.cli.mcp.server import tool_server

    server = tool_server(tools)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


def _over_http(tools: EndpointTools, port: int) -> None:
    import uvicorn

    from metier.cli.mcp.server import tool_server
    from serving.ports import free_port, require_free

    port = port or free_port(HOST)
    require_free(HOST, port, "--http")
    app = tool_server(tools).streamable_http_app(host=HOST)
    print(f"metier: MCP at http://{HOST}:{port}/mcp; stop with Ctrl-C", file=sys.stderr, flush=True)
    uvicorn.run(app, host=HOST, port=port, access_log=False, log_level="warning")
