"""Ports of this machine: one that is free, and why one cannot be had. Knows no server."""

import errno
import secrets
import socket
from collections.abc import Collection

from metier.errors import InputError, ServingError, SettingsError

ASSIGNED_BY_NOBODY = range(10_000, 32_768)
"""No service's usual port, and below those that Linux gives to outgoing connections: what is free in it stays so until
a server that takes seconds to start has it."""
TRIES = 100


def free_port(host: str) -> int:
    """A free port of `host`."""
    return free_ports(host, 1, ()).start


def free_ports(host: str, count: int, others: Collection[int]) -> range:
    """Ports of `host` in a row, all free and none of `others`, which are about to be taken."""
    for _ in range(TRIES):
        start = secrets.choice(ASSIGNED_BY_NOBODY[: len(ASSIGNED_BY_NOBODY) - count])
        found = range(start, start + count)
        if all(port not in others and _is_free(host, port) for port in found):
            return found
    raise ServingError(f"no {count} ports in a row of {host} are free between 10000 and 32767; stop what holds them")


def _is_free(host: str, port: int) -> bool:
    """SettingsError where the host is no address of this machine."""
    try:
        require_free(host, port)
    except ServingError:
        return False
    return True


def require_free(host: str, port: int, option: str = "--port") -> None:
    """ServingError where the port cannot be had, SettingsError where the host is no address of this machine.

    `option`: of the command, by which another port is chosen.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OverflowError as error:
            raise InputError(f"port {port} does not exist; choose one of 0 to 65535 with {option}") from error
        except OSError as error:
            if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
                raise SettingsError(
                    f"METIER_HTTP_HOST is {host}, which is no address of this machine ({error.strerror}); "
                    "set it to one that is, such as 127.0.0.1, or to 0.0.0.0 for all"
                ) from error
            fact = "is taken" if error.errno == errno.EADDRINUSE else "cannot be used"
            raise ServingError(
                f"port {port} of {host} {fact} ({error.strerror}); choose another with {option}"
            ) from error
