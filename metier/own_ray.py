"""A Ray of this machine's own: what keeps all of it on loopback, and other people of this machine out of it.

Ray 2.60 takes `_node_ip_address="127.0.0.1"` for the address by which other machines reach this one, and has all its
servers listen on every interface, unless clusters are off: a variable that is named after two other systems, and that
holds on every one. Whoever reaches one of these servers can run any code, so each asks for a token.
"""

import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.abc import MetaPathFinder
from types import ModuleType

LOOPBACK = "127.0.0.1"


@cache
def on_loopback() -> Mapping[str, str]:
    """Environment of a Ray that answers to this process and to those that it starts, by a token that they inherit."""
    return {
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
    }


def keep_on_loopback() -> None:
    """For a Ray that this process will start; where it is connected to one, that one is left as it is."""
    ray = sys.modules.get("ray")
    if ray is not None and ray.is_initialized():
        return
    os.environ.update(on_loopback())
    if ray is not None:  # it has read the environment already, and reads it once more, as it does for itself
        ray._raylet.Config.initialize("")
        ray._raylet.AuthenticationTokenLoader.instance().reset_cache()


def leave_out_pandas() -> None:
    """Let this process import no pandas. Ray Serve and pyarrow do without it where it is not installed: 38 MiB."""
    sys.meta_path.insert(0, _NoPandas())


class _NoPandas(MetaPathFinder):
    """Answers as a Python without pandas."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError("pandas is left out of the processes of an endpoint", name=fullname)
