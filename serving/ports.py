"""Ports of this machine: one that is free, and why one cannot be had. Knows no server."""

import errno
import socket

from metier.errors import InputError, ServingError, SettingsError


def free_port(host: str) -> int:
    """A free port of `host`."""
    return _bound(host, 0)


def require_free(host: str, port: int, option: str = "--port") -> None:
    """ServingError where the port cannot be had, SettingsError where the host is no address of this machine.

    `option`: of the command, by which another port is chosen.
    """
    _bound(host, port, option)


def _bound(host: str, port: int, option: str = "--port") -> int:
    """The port that a socket was given, which is closed again."""
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
        return int(probe.getsockname()[1])
