"""What the doctor finds: a line each, and the next move where something is wrong."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as WaitedTooLong
from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warn", "fail"]


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


def within(seconds: float, name: str, check: Callable[[], Finding]) -> Finding:
    """The finding of `check`; a failure, whatever it raises or where it takes longer than `seconds`."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="doctor")
    try:
        return pool.submit(check).result(seconds)
    except WaitedTooLong:
        return Finding(name, "fail", f"no answer within {seconds:g} s", "check the address, the network and the server")
    except Exception as error:  # a doctor reports what a client library raises, whatever its class
        reason = (str(error).splitlines() or [""])[0]
        return Finding(name, "fail", reason or type(error).__name__)
    finally:
        pool.shutdown(wait=False)
