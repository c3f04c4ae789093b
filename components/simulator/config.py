"""What a simulated world is asked to be: size, period, seed, click model and logging policy.

Checked here once; everything behind it trusts the values. Knows nothing of how the world is made.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from metier.errors import InputError, UnknownNameError

CLICK_MODELS = ("position", "position_trust", "cascade")
LOGGING_POLICIES = ("weak", "strong")
MOST_RANDOMISED = 0.95
"""Share of the slates that may be shuffled; of the others some have a promoted candidate."""
DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
MINIMUM = {"freelancers": 50, "jobs": 20, "impressions": 500, "days": 14}


@dataclass(frozen=True)
class SimulatorConfig:
    """Targets of a world; counts of people and jobs are exact, `impressions` is met within a few percent.

    `clients` None means one client to two jobs. `end` is the moment of the export: nothing is recorded after it.
    """

    seed: int = 7
    freelancers: int = 1500
    jobs: int = 1000
    impressions: int = 100_000
    clients: int | None = None
    end: datetime = datetime(2026, 3, 1, tzinfo=UTC)
    days: int = 120
    click_model: str = "position_trust"
    logging_policy: str = "weak"
    randomised_share: float = 0.02
    """Of the slates, how many are shuffled whole."""

    def __post_init__(self) -> None:
        for name, least in MINIMUM.items():
            if getattr(self, name) < least:
                raise InputError(f"{name}={getattr(self, name)} is too small a world; ask for {least} or more")
        if self.seed < 0:
            raise InputError(f"seed={self.seed} is negative; use 0 or more")
        if self.clients is not None and self.clients < 1:
            raise InputError(f"clients={self.clients} leaves nobody to post jobs; ask for 1 or more")
        if self.end.tzinfo is None:
            raise InputError("end has no time zone; give it in UTC, for example 2026-03-01T00:00:00+00:00")
        if self.click_model not in CLICK_MODELS:
            raise UnknownNameError("click model", self.click_model, CLICK_MODELS)
        if not 0 <= self.randomised_share <= MOST_RANDOMISED:
            raise InputError(f"randomised_share={self.randomised_share} is no share; use 0 to {MOST_RANDOMISED}")
        if self.logging_policy not in LOGGING_POLICIES:
            raise UnknownNameError("logging policy", self.logging_policy, LOGGING_POLICIES)

    @property
    def client_count(self) -> int:
        """Clients of the world."""
        return self.clients or max(10, self.jobs // 2)

    @property
    def start(self) -> datetime:
        """First moment of the first day."""
        return self.end - timedelta(days=self.days)

    @property
    def start_us(self) -> int:
        """`start` in microseconds since 1970."""
        return round(self.start.timestamp()) * 1_000_000

    @property
    def end_us(self) -> int:
        """`end` in microseconds since 1970."""
        return self.start_us + self.days * DAY_US
