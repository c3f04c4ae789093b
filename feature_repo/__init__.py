"""Features: their definitions, how they are built, stored and read back.

A replica of the endpoint does without Feast (feature_repo/online/rows.py). For steps and commands its import is made
lighter; Feast's own command line, which does not begin with this package, keeps all of it. Feast has typeguard rewrite
its classes, two and a half seconds: here they stay as they are written. Feast 0.67 also imports torch wherever it is
installed, a second and 200 MB, for the two calls that return tensors (`to_tensor`): here when one of these is called.
"""

import importlib
import sys
from types import ModuleType
from typing import Any

import typeguard

_typechecked = typeguard.typechecked


def _as_written(target: Any = None, **options: Any) -> Any:
    if getattr(target, "__module__", "").startswith("feast."):
        return target
    return _typechecked(target, **options)


class _TorchWrapper(ModuleType):
    """feast.torch_wrapper, but for the import of torch at its own import."""

    @staticmethod
    def get_torch() -> ModuleType:
        """The module torch, imported now; ImportError where it is not installed."""
        return importlib.import_module("torch")


typeguard.typechecked = _as_written
sys.modules.setdefault("feast.torch_wrapper", _TorchWrapper("feast.torch_wrapper"))
