"""How a bundle became champion: who decided, when and why. Kept in the registry, on the version that was promoted."""

import getpass
from dataclasses import dataclass

from metier.errors import InputError
from metier.settings import Settings
from metier.stored import Moment

GATE = "the gate"
LONGEST_REASON = 1_000
"""MLflow keeps tags of 5,000 characters."""


@dataclass(frozen=True)
class Promotion:
    """`by` is GATE or a person, `replaced` the version that was champion before, None where there was none."""

    by: str
    reason: str
    at: Moment
    replaced: int | None = None

    def render(self) -> str:
        """Part of a line for a person."""
        return f"promoted by {self.by} on {self.at:%Y-%m-%d}: {self.reason}"


def person(settings: Settings) -> str:
    """Who promotes: METIER_OPERATOR, else the user of the operating system; InputError where neither is known."""
    if settings.operator:
        return settings.operator
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:
        raise InputError("this user has no name, and a promotion names who decided; set METIER_OPERATOR") from error


def stated(reason: str) -> str:
    """The reason in one line; InputError where there is none, or it is too long to be kept."""
    line = " ".join(reason.split())
    if not line:
        raise InputError("a promotion by hand needs a reason; write one after --reason")
    if len(line) > LONGEST_REASON:
        raise InputError(f"the reason has {len(line):,} characters; {LONGEST_REASON:,} are kept, so shorten it")
    return line
