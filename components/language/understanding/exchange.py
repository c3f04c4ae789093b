"""What a unit of each currency is worth in US dollars, for filters that are in dollars. A table with its date.

The table that comes with metier holds the reference rates of the European Central Bank of its day, and the pegs of the
dirham, riyal and Qatari riyal to the dollar and of the lev to the euro. Rough by nature: a limit that somebody typed is
no invoice. Another table is a setting away.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import Field

from components.language.understanding.plan import Money
from metier.errors import ContractError
from metier.stored import from_json

_Worth = Annotated[float, Field(gt=0, allow_inf_nan=False)]


@dataclass(frozen=True)
class Exchange:
    """`usd`: US dollars for one unit, by ISO 4217 code; `as_of`: the day of the table, ISO 8601."""

    as_of: str
    usd: Mapping[str, _Worth] = field(default_factory=dict)

    def in_usd(self, money: Money) -> float | None:
        """None where the table lacks the currency."""
        worth = 1.0 if money.currency == "USD" else self.usd.get(money.currency)
        return None if worth is None else round(money.amount * worth, 2)

    @classmethod
    def read(cls, path: Path) -> "Exchange":
        """A table of one's own: {"as_of": "2026-01-31", "usd": {"EUR": 1.1, ...}}; ContractError for anything else."""
        try:
            return from_json(cls, path.read_bytes())
        except OSError as error:
            raise ContractError(f"{path} cannot be read: {error.strerror}; name a file of exchange rates") from error
        except ValueError as error:
            raise ContractError(
                f'{path} is no table of exchange rates; write {{"as_of": "2026-01-31", "usd": {{"EUR": 1.1}}}}'
            ) from error


def exchange_of(path: Path | None) -> Exchange:
    """The table of one's own at `path`; the one that comes with metier where none is named."""
    return Exchange.read(path) if path else shipped_exchange()


@cache
def shipped_exchange() -> Exchange:
    """The table that comes with metier."""
    return from_json(Exchange, (files(__package__) / "exchange_rates.json").read_bytes())
