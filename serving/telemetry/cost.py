"""What requests cost: their processor time at a declared price. Pure."""

SECONDS_PER_HOUR = 3_600.0


def usd_per_1000_requests(cpu_seconds: float, requests: float, usd_per_core_hour: float) -> float:
    """US dollars of the processor time of 1,000 of some requests, at least one.

    >>> usd_per_1000_requests(cpu_seconds=9.0, requests=1_000, usd_per_core_hour=0.04)
    0.0001
    """
    return 1_000 * cpu_seconds / requests / SECONDS_PER_HOUR * usd_per_core_hour
