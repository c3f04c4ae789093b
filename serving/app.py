"""The Ray Serve application: one autoscaling ingress deployment that holds everything a request needs.

`build_app` is what a RayService names as its import path. Knows pins and settings; no stage.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import FastAPI
from ray import serve

from components.releases import RegisteredBundle
from metier.contract import Surface, surface
from metier.errors import SettingsError
from metier.own_ray import LOOPBACK
from metier.settings import load_settings
from serving.access import require_keys
from serving.admission.bounds import MOST_AT_ONCE
from serving.clock import OffsetClock

APPLICATION = "metier"
LEAST_REPLICAS = 2
"""One answers while the other is started again."""
REPLICA_OPTIONS: dict[str, Any] = {
    # Ray lets in more than a replica takes on, so that the excess is refused by it: at once, in JSON, its deadline in
    # view. Ray's own queue is no bound to rely on: it counts a request that finds a place free until its turn comes.
    "max_ongoing_requests": 2 * MOST_AT_ONCE,
    "max_queued_requests": 4 * MOST_AT_ONCE,
    "graceful_shutdown_timeout_s": 10,
    "health_check_period_s": 5,
    "health_check_timeout_s": 10,
    # A line a request would hold its path and query string, and so ids and words of people. The level stays at INFO:
    # what goes to standard error, our own warnings among it, Ray Serve logs at that level.
    "logging_config": {"enable_access_log": False},
}

SCALING: dict[str, Any] = {
    "target_ongoing_requests": 4,
    # What replicas tell each second, as a mean of three: by the defaults, ten and thirty, a step in load is seen late.
    "metrics_interval_s": 1,
    "look_back_period_s": 3,
    "upscale_delay_s": 3,
    "downscale_delay_s": 60,
}


class Endpoint:
    """One replica: the HTTP application over one engine."""

    def __init__(self, pins: Mapping[Surface, RegisteredBundle], clock: OffsetClock) -> None:
        self._pins = pins
        self._clock = clock

    async def __serve_build_asgi_app__(self) -> FastAPI:
        """The application with its engine, loaded here since Ray Serve names no error of an application's lifespan."""
        from serving.access.quiet_logs import keep_quiet
        from serving.console import create_app
        from serving.engine import Engine
        from serving.http.guard import allow_origins

        _listen_where_the_node_does()
        _lose_what_cannot_be_logged()
        settings = load_settings()
        keep_quiet(settings)
        app = create_app(lambda: Engine(settings, self._pins, self._clock))
        app.state.replica.observer.names_requests = False  # Ray Serve does
        allow_origins(app, settings.allowed_origins)
        await app.state.replica.load()
        return app


def _listen_where_the_node_does() -> None:
    """Keep the replica's port for calls from other deployments on loopback, where the rest of this Ray is.

    Ray Serve 2.60 opens it on every interface, and pickles come in by it; it does so after the application is built.
    """
    from ray._private.ray_constants import ENABLE_RAY_CLUSTER
    from ray.serve._private import replica

    if ENABLE_RAY_CLUSTER:
        return

    add_port = replica.add_port_to_grpc_server
    replica.add_port_to_grpc_server = lambda server, address: add_port(server, address.replace("[::]", LOOPBACK))


def _lose_what_cannot_be_logged() -> None:
    """Say nothing of a line that a full disk did not take: logging tells it to standard error, which Ray Serve logs.

    So it goes in circles, each with the whole stack, and the replica answers nobody for seconds.
    """
    logging.raiseExceptions = False


def build_app(args: Mapping[str, Any]) -> serve.Application:
    """The application of `args`: bundles {surface: {name, version, sha256}}; started_at (ISO 8601) where the clock is
    not the wall's; host, where the address that it listens on is known. SettingsError without API keys off loopback.
    """  # noqa: D205
    settings = load_settings()
    require_keys(settings, args.get("host"))
    moment = args.get("started_at")
    deployment = serve.deployment(
        serve.ingress()(Endpoint),
        name="Endpoint",
        autoscaling_config={
            "min_replicas": min(LEAST_REPLICAS, settings.most_replicas),
            "max_replicas": settings.most_replicas,
            **SCALING,
        },
        ray_actor_options={"num_cpus": 1},
        **REPLICA_OPTIONS,
    )
    clock = OffsetClock.starting_at(datetime.fromisoformat(moment) if moment else None)
    return deployment.bind(pins_of(args.get("bundles") or {}), clock)


def pins_of(bundles: Mapping[str, Mapping[str, Any]]) -> dict[Surface, RegisteredBundle]:
    """Pins by surface; SettingsError where one is not (name, version, sha256)."""
    try:
        return {
            surface(name): RegisteredBundle(str(pin["name"]), int(pin["version"]), str(pin["sha256"]))
            for name, pin in bundles.items()
        }
    except (KeyError, TypeError, ValueError) as error:
        raise SettingsError(f"a bundle is pinned by name, version and sha256; {error!r} is amiss") from error
