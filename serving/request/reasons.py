"""Why candidates stand where they do: what moved the scores of the tier that ordered them. Knows no stage."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from components.language.reasons import topics_of
from components.ranking import explanations
from components.releases import Bundle
from serving.request.ranking import Reason, SlateEntry
from serving.request.trace import RequestTrace

LOG = logging.getLogger(__name__)

Floats = npt.NDArray[np.float32]


READ_FEATURES: Mapping[str, str | None] = {"ensemble": None, "xgboost": "xgboost"}
"""Tiers that score by features: the ranker that does so alone, None where all of them do."""


def with_features(
    entries: Sequence[SlateEntry], features: Floats, bundle: Bundle, tier: str, explain: int, trace: RequestTrace
) -> list[SlateEntry]:
    """Entries with their features (n_entries, n_features), and reasons for the first `explain` that `tier` ordered."""
    scored = [replace(entry, features=row) for entry, row in zip(entries, features, strict=True)]
    if not explain:
        return scored
    try:
        reasons = reasons_of(bundle, features[:explain], tier)
    except Exception as error:  # the slate stands without them
        LOG.warning("no reasons could be given", exc_info=True)
        trace.degrade("reasons", f"failed ({type(error).__name__})")
        reasons = []
    explained = [replace(entry, reasons=given) for entry, given in zip(scored, reasons, strict=False)]
    return explained + scored[len(explained) :]


def reasons_of(bundle: Bundle, features: Floats, tier: str, most: int = 3) -> list[tuple[Reason, ...]]:
    """By row (n_candidates, n_features), topics that move the score of `tier` most; none of a tier without features."""
    if tier not in READ_FEATURES:
        return [() for _ in features]
    names = bundle.ensemble.feature_names
    moved = explanations.reasons(bundle.ensemble, features, topics_of(names), most, READ_FEATURES[tier])
    return [
        tuple(Reason(each.group, each.feature, each.adds, float(row[names.index(each.feature)])) for each in largest)
        for row, largest in zip(features, moved, strict=True)
    ]
