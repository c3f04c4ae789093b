"""A `metier serve` of the demo's own, and what is sent to it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from metier.cli.endpoint import ask
from metier.contract import SURFACES, Surface, surface
from metier.errors import ServingError
from metier.lake import Lake
from metier.settings import Settings
from metier.surfaces import surface_spec

START_SECONDS = 180
STOP_SECONDS = 60
EXPLORATION = {name: {"share": 0.2, **({"slot": 5} if surface_spec(name).retrieves else {})} for name in SURFACES}
"""How the endpoint of the demo explores."""
CLICKED = 2
"""Entries of each slate that are clicked: feedback that a demo can give without knowing what is good."""

Slate = Mapping[str, Any]
"""An answer of the endpoint, with the body that asked for it under `request`."""


@contextmanager
def endpoint(settings: Settings) -> Iterator[str]:
    """The URL of an endpoint on a free port, ended with all its processes after the block."""
    process, url = start(settings)
    try:
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def start(settings: Settings) -> tuple[subprocess.Popen[bytes], str]:
    """The process, a group of its own, and the URL once it serves; ServingError with its last words otherwise."""
    ready, log = settings.home / "serving.url", settings.home / "serving.log"
    ready.unlink(missing_ok=True)
    serve = [sys.executable, "-m", "metier.cli.app", "serve", "--port", "0", "--as-of", "lake", "--ready", str(ready)]
    command = ["env", f"METIER_EXPLORATION={json.dumps(EXPLORATION)}", *serve]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
    deadline = time.monotonic() + START_SECONDS
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            words = log.read_text(errors="replace").strip().splitlines()
            raise ServingError(f"the endpoint did not start: {words[-1] if words else 'no word'}; its log is {log}")
        time.sleep(0.2)
    url = ready.read_text()
    print(f"The endpoint answers at {url} ({url}/docs)", flush=True)
    return process, url


def request_bodies(lake: Lake, name: Surface, most: int) -> list[dict[str, Any]]:
    """Requests of the newest actors of a surface, none suspended; of clients, for an open job each, which it names."""
    spec = surface_spec(name)
    about_a_job = not spec.shows_jobs
    with lake.connect() as connection:
        rows = connection.sql(
            f"""
            WITH newest AS (
                SELECT DISTINCT ON (job_id) job_id, status FROM jobs ORDER BY job_id, event_timestamp DESC
            )
            SELECT actor_id, job_id, max(event_timestamp) AS asked_at
            FROM queries LEFT JOIN newest USING (job_id)
            WHERE surface = $surface AND coalesce(status, 'open') = 'open' AND (job_id IS NOT NULL OR NOT $about_a_job)
                AND actor_id NOT IN (
                    SELECT {spec.actor_key} FROM {spec.side}s
                    GROUP BY ALL HAVING arg_max(status, event_timestamp) = 'suspended'
                )
            GROUP BY ALL ORDER BY asked_at DESC, actor_id LIMIT $most
            """,
            params={"surface": name, "most": most, "about_a_job": about_a_job},
        ).fetchall()
    return [
        {"actor_id": actor, "deadline_ms": 2000, **({"job_id": job_id} if about_a_job else {})}
        for actor, job_id, _ in rows
    ]


def ask_for_slate(url: str, name: Surface, body: dict[str, Any], key: str) -> Slate:
    """The slate of a surface for a request body."""
    return {**ask(url, surface_spec(name).route, json.dumps(body), key), "request": body}


def send_clicks(url: str, slate: Slate, key: str) -> int:
    """Clicks on the first entries of a slate; how many were acknowledged."""
    spec, request = surface_spec(surface(slate["surface"])), slate["request"]
    clicks = [
        {
            "interaction_id": f"demo-{slate['query_id']}-{entry['rank']}",
            "kind": "click",
            "side": spec.side,
            "query_id": slate["query_id"],
            "event_timestamp": slate["as_of"],
            spec.actor_key: request["actor_id"],
            **({"job_id": request["job_id"]} if "job_id" in request else {}),
            spec.key: entry["candidate_id"],
        }
        for entry in slate["slate"][:CLICKED]
    ]
    if not clicks:
        return 0
    return int(ask(url, "/v1/interactions", json.dumps({"interactions": clicks}), key)["accepted"])
