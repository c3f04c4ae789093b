"""`metier serve` and `metier rank`: the endpoint on this machine, and a question to it."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import typer

from metier.cli.endpoint import ask, candidate_titles, render
from metier.cli.output import JsonOption
from metier.contract import SURFACES
from metier.durable import write_whole
from metier.errors import InputError, UnknownNameError
from metier.lake import Lake
from metier.own_ray import LOOPBACK
from metier.settings import load_settings
from metier.surfaces import surface_spec

ROUTES = (*(surface_spec(name).route.removeprefix("/v1/") for name in SURFACES), "rank")
HOST_HELP = "Where the endpoint listens."


def serve(
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Port; 0 takes a free one. Default: METIER_HTTP_PORT.")
    ] = None,
    as_of: Annotated[str, typer.Option(help="Clock: wall, or lake (starts at the lake's newest event).")] = "wall",
    ready: Annotated[Path | None, typer.Option(help="Write the URL to this file once it serves.")] = None,
) -> None:
    """Serve the champion of every surface until interrupted; a bundle that `metier deploy` pinned comes first.

    Where there is no champion, retrieval orders, whatever challenger the gate holds; `metier promote` makes one.

    Example: metier serve --port 8000 --as-of lake
    """
    from components.language.understanding import exchange_of
    from components.releases import open_registry
    from components.releases.aliases import why_unranked
    from components.releases.bundle import label
    from components.releases.deployments import Deployments, chosen_bundles
    from components.releases.folder import require_release
    from components.releases.unranked_releases import bring_up_to_date
    from serving.access import require_keys
    from serving.launch import running, wait_for_signal
    from serving.ports import free_port, require_free

    if as_of not in ("wall", "lake"):
        raise InputError(f"--as-of is {as_of!r}; use wall or lake")
    settings = load_settings()
    keys = require_keys(settings, settings.http_host)
    exchange_of(settings.exchange_rates)  # as damage below: reported before Ray starts
    registry = open_registry(settings)
    chosen = chosen_bundles(settings, registry)
    port = (settings.http_port if port is None else port) or free_port(settings.http_host)
    for host in (settings.http_host, LOOPBACK):
        require_free(host, port)
    for surface, served in chosen.items():
        registry.fetch(
            served.bundle.name, served.bundle.version, served.bundle.sha256
        )  # damage is reported before Ray starts
        require_release(settings.candidates / label(surface, served.bundle.sha256))
        print(f"{surface}: {served.bundle.name} version {served.bundle.version} ({served.alias})", flush=True)
    unranked = [surface for surface in SURFACES if surface not in chosen]
    if unranked:
        for surface in unranked:
            print(why_unranked(registry, surface), flush=True)
        bring_up_to_date(settings, unranked)
    Deployments(settings.deployed).begun({surface: served.bundle for surface, served in chosen.items()})
    started_at = Lake(settings.lake).as_of() if as_of == "lake" else None
    pins = {surface: served.bundle for surface, served in chosen.items()}
    print(_said_of(keys), flush=True)
    print("Starting Ray Serve ...", flush=True)
    with running(settings, pins, port, started_at) as url:
        wait_for_signal(lambda: _announce(url, ready))
        print("Stopping ...", flush=True)


def rank(
    request: Annotated[str, typer.Argument(help="The request as JSON, or - to read it from standard input.")],
    route: Annotated[str, typer.Option(help=f"One of: {', '.join(ROUTES)}.")] = "rank",
    url: Annotated[str | None, typer.Option(help=HOST_HELP)] = None,
    as_json: JsonOption = False,
) -> None:
    """Ask a running endpoint for a slate; titles come from the lake of METIER_HOME, where it holds them.

    Example: metier rank '{"actor_id": "fr_000024", "k": 5}' --route feed/jobs
    """
    if route not in ROUTES:
        raise UnknownNameError("route", route, ROUTES)
    settings = load_settings()
    body = typer.get_text_stream("stdin").read() if request == "-" else request
    key = settings.api_key.get_secret_value()
    response = ask(url or f"http://{settings.http_host}:{settings.http_port}", f"/v1/{route}", body, key)
    print(json.dumps(response) if as_json else render(response, candidate_titles(Lake(settings.lake), response)))


def _said_of(keys: Collection[str]) -> str:
    """One line on who may ask."""
    if keys:
        return f"API keys are on: {', '.join(sorted(keys))}"
    return "API keys are off: whoever reaches this address, on this machine alone, may do everything"


def _announce(url: str, ready: Path | None) -> None:
    print(f"Serving at {url} (a console for people there, documentation at {url}/docs); stop with Ctrl-C", flush=True)
    if ready is not None:
        write_whole(ready, url)
