"""Parts of the queries that are measured apart: who belongs to each, and how many there are.

A slicing gives every query one label (surface, category, known or new actor, ...); a query without a label belongs to
no slice. Labels of too few actors to say anything of are counted together.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from components.measures.arrays import Mask
from metier.errors import InputError

POOLED = "all others"


@dataclass(frozen=True)
class Slice:
    """One slice of one slicing: its rows among the queries (n_queries,), and their `share` of all labelled ones."""

    slicing: str
    label: str
    share: float
    rows: Mask


def slices_of(
    slicings: Mapping[str, npt.ArrayLike], actors: npt.ArrayLike, fewest_actors: int = 1, most: int = 10
) -> list[Slice]:
    """The slices of queries (n_queries,), largest first within their slicing.

    Where two labels or more have fewer than `fewest_actors` actors each, or come after the `most` largest, they are
    POOLED.

    >>> parts = slices_of({"category": ["design", "design", "sales", None]}, ["a", "b", "c", "d"])
    >>> [(part.label, round(part.share, 2), part.rows.tolist()) for part in parts]
    [('design', 0.67, [True, True, False, False]), ('sales', 0.33, [False, False, True, False])]
    """
    ids, slices = pd.Series(np.asarray(actors)), list[Slice]()
    for slicing, labels in slicings.items():
        label = pd.Series(np.asarray(labels, dtype=object))
        if len(label) != len(ids):
            raise InputError(f"slicing {slicing} labels {len(label)} of {len(ids)} queries; give one label a query")
        label = _pooled(label, ids, fewest_actors, most)
        shares = label.value_counts(normalize=True)
        names = sorted(shares.index, key=lambda name: (name == POOLED, -shares[name], str(name)))
        slices += [Slice(slicing, str(name), float(shares[name]), (label == name).to_numpy()) for name in names]
    return slices


def seen_before(ids: npt.ArrayLike, earlier: npt.ArrayLike, seen: str, unseen: str) -> npt.NDArray[np.object_]:
    """Label each id by whether it occurs in `earlier`, such as seen="known actor", unseen="new actor".

    >>> seen_before(["f1", "f2"], earlier=["f2", "f3"], seen="known actor", unseen="new actor").tolist()
    ['new actor', 'known actor']
    """
    occurs = pd.Index(np.asarray(ids)).isin(np.asarray(earlier))
    return np.where(occurs, seen, unseen).astype(object)


def _pooled(label: pd.Series, actors: pd.Series, fewest_actors: int, most: int) -> pd.Series:
    n_actors = actors.groupby(label).nunique()
    largest = label.value_counts().index[:most]
    small = n_actors.index[(n_actors < fewest_actors) | ~n_actors.index.isin(largest)]
    return label.where(~label.isin(small), POOLED) if len(small) > 1 else label
