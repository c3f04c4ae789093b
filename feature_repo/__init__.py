"""Features: their definitions, how they are built, stored and read back.

Feast has typeguard rewrite its classes whenever it is imported, two and a half seconds of every step, command and
replica. Where this package comes first they are left as they are written; Feast's own command line keeps its checks.
"""

from typing import Any

import typeguard

_typechecked = typeguard.typechecked


def _as_written(target: Any = None, **options: Any) -> Any:
    if getattr(target, "__module__", "").startswith("feast."):
        return target
    return _typechecked(target, **options)


typeguard.typechecked = _as_written
