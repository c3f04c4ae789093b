"""Why candidates stand where they do: the features that moved their scores, with values. Knows no stage."""

import logging
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from components.releases import Bundle
from serving.request.ranking import Reason, SlateEntry
from serving.request.trace import RequestTrace

LOG = logging.getLogger(__name__)

Floats = npt.NDArray[np.float32]


def with_features(
    entries: Sequence[SlateEntry], features: Floats, bundle: Bundle, explain: int, trace: RequestTrace
) -> list[SlateEntry]:
    """Entries with their features (n_entries, n_features), and reasons for the first `explain`."""
    scored = [replace(entry, features=row) for entry, row in zip(entries, features, strict=True)]
    if not explain:
        return scored
    try:
        reasons = reasons_of(bundle, features[:explain])
    except Exception as error:  # the slate stands without them
        LOG.warning("no reasons could be given", exc_info=True)
        trace.degrade("reasons", f"failed ({type(error).__name__})")
        reasons = []
    explained = [replace(entry, reasons=given) for entry, given in zip(scored, reasons, strict=False)]
    return explained + scored[len(explained) :]


def reasons_of(bundle: Bundle, features: Floats, most: int = 3) -> list[tuple[Reason, ...]]:
    """Per row (n_candidates, n_features), what moves the score most: of the bundle's tree ranker, where it has one."""
    names = bundle.ensemble.feature_names
    moved = bundle.ensemble.reasons(features, most)
    return [
        tuple(Reason(name, adds, float(row[names.index(name)])) for name, adds in largest)
        for row, largest in zip(features, moved, strict=True)
    ]
