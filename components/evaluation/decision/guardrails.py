"""Figures that must keep their limits whatever a challenger gains, and those that nobody can tell."""

from dataclasses import dataclass
from typing import Literal

from components.measures import Interval
from metier.stored import Number


@dataclass(frozen=True)
class Guardrail:
    """A figure that must keep its limit, whatever the challenger gains."""

    name: str
    value: Interval
    limit: Number
    keeps: Literal["at_least", "at_most"]
    needs: Literal["kept", "unbroken"] = "kept"
    """What is clearly past its limit refuses where it needs to be `kept`, and holds where it needs to be `unbroken`.

    What cannot be told from its limit holds where it needs to be `kept`.
    """


@dataclass(frozen=True)
class Untold:
    """A guardrail that neither the lake nor the evaluation can tell, and why."""

    name: str
    why: str
