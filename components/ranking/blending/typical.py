"""The typical row of a data set: what contributions to a score are told against. Knows no ranker."""

from collections.abc import Sequence

import numpy as np

from components.measures.arrays import Floats

MOST_ROWS = 100_000


def typical_row(features: Floats, names: Sequence[str]) -> Floats:
    """(n_features,) the median of each number and the most frequent value of each category (`*_code`).

    NaN where most rows miss the feature. Of larger sets, MOST_ROWS rows at even distances stand for all.

    >>> typical_row(np.array([[1, 3], [5, 3], [2, 9]], dtype=np.float32), ("age_days", "country_code")).tolist()
    [2.0, 3.0]
    """
    rows = features[:: -(-len(features) // MOST_ROWS) or 1]
    typical = np.full(len(names), np.nan, dtype=np.float32)
    for column, name in enumerate(names):
        known = rows[:, column][~np.isnan(rows[:, column])]
        if not len(known) or 2 * len(known) < len(rows):
            continue
        if name.endswith("_code"):
            values, counts = np.unique(known, return_counts=True)
            typical[column] = values[counts.argmax()]
        else:
            typical[column] = np.quantile(known, 0.5, method="lower")
    return typical
