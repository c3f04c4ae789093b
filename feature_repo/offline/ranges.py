"""What is said of the range of time that a materialization asks for. Reads nothing."""

import functools
import logging
from datetime import UTC, datetime

from metier.contract import FUTURE_BY
from metier.errors import FeatureError

logger = logging.getLogger(__name__)


def require_past(end: datetime) -> None:
    """FeatureError for a moment that is still to come: views would go on from it, and pass over all before it."""
    if end > datetime.now(UTC) + FUTURE_BY:
        raise FeatureError(
            f"{end:%Y-%m-%dT%H:%M:%S} is still to come: what is built until then would never be materialized; "
            f"materialize up to now at the latest, {datetime.now(UTC):%Y-%m-%dT%H:%M:%S}"
        )


@functools.cache
def warn_of_empty_range(start: datetime, end: datetime) -> None:
    """One line a process, however many views are loaded."""
    logger.warning(
        f"the range from {start:%Y-%m-%dT%H:%M:%S} to {end:%Y-%m-%dT%H:%M:%S} is empty: views go on from the moment up "
        "to which they are materialized; give a later one once `metier features build` has brought newer rows, or load "
        f"all again by `feast -c feature_repo materialize 1970-01-01T00:00:00 {max(start, end):%Y-%m-%dT%H:%M:%S}`"
    )
