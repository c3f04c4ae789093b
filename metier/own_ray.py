"""A Ray of this machine's own: what keeps all of it on loopback. Set before Ray is imported, which reads it then.

Ray 2.60 takes `_node_ip_address="127.0.0.1"` for the address by which other machines reach this one, and has all its
servers listen on every interface, unless clusters are off: a variable that is named after two other systems, and that
holds on every one.
"""

import os

LOOPBACK = "127.0.0.1"
ON_LOOPBACK = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "disabled",
}
"""Environment of a Ray that nothing outside of this machine can reach."""


def keep_on_loopback() -> None:
    """For a Ray that this process will start."""
    os.environ.update(ON_LOOPBACK)
