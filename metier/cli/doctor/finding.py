"""What the doctor finds: a line each, and the next move where something is wrong."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as WaitedTooLong
from dataclasses import dataclass
from typing import Literal

from metier.errors import MetierError, first_line

Status = Literal["ok", "warn", "fail"]
REMEDIES = {
    ("not a database", "malformed"): "move the file away, or restore it from a backup",
    ("unable to open database file",): "see that the file can be read, or set METIER_HOME to another folder",
    ("connection refused", "error 111"): "start the server, or correct {setting}",
    ("name or service not known", "name resolution", "resolve host"): "correct the host in {setting}",
    ("password", "authentication", "wrongpass", "noauth", "credentials"): "give the right user and password: {setting}",
    ("does not exist", "nosuchbucket"): "make it there, or correct {setting}",
    ("protocol not known",): "set {setting} to a folder or a URL such as s3://bucket/lake",
}
"""The next move by words of an error in lower case; `{setting}` is the variable that says where the store is."""


@dataclass(frozen=True)
class Finding:
    """One fact about this machine. `next_move` is empty where there is nothing to do."""

    name: str
    status: Status
    fact: str
    next_move: str = ""

    def render(self) -> str:
        """One line."""
        return f"{self.status:4}  {self.name:18} {self.fact}" + (f"; {self.next_move}" if self.next_move else "")


def within(seconds: float, name: str, check: Callable[[], Finding], setting: str) -> Finding:
    """The finding of `check`; a failure, whatever it raises or where it takes longer than `seconds`.

    `setting` is the variable that says where the store is.
    """
    pool = ThreadPoolExecutor(1, thread_name_prefix="doctor")
    try:
        return pool.submit(check).result(seconds)
    except WaitedTooLong:
        move = f"check the network and the server, or correct {setting}"
        return Finding(name, "fail", f"no answer within {seconds:g} s", move)
    except Exception as error:  # a doctor reports what a client library raises, whatever its class
        return Finding(name, "fail", *_fact_and_move(error, first_line(error) or type(error).__name__, setting))
    finally:
        pool.shutdown(wait=False)


def _fact_and_move(error: Exception, reason: str, setting: str) -> tuple[str, str]:
    """What went wrong, and the next move by the kind of the error."""
    fact, _, move = reason.rpartition("; ")
    if isinstance(error, MetierError) and fact:
        return fact, move
    said = f"{type(error).__name__} {reason}".lower()
    for words, remedy in REMEDIES.items():
        if any(word in said for word in words):
            return reason, remedy.format(setting=setting)
    if isinstance(error, ImportError):
        return reason, f"run `pip install {_package_of(error)}`"
    return reason, f"see that what {setting} names can be read, or correct {setting}"


def _package_of(error: ImportError) -> str:
    """What to install: the module that is missing, or what fsspec says is to be installed (it names no module)."""
    known = next((name for name in ("s3fs", "gcsfs", "adlfs") if name in str(error)), None)
    module = error.name or ""
    return known or {"psycopg": "'psycopg[binary]'"}.get(module, module or "the package that it names")
