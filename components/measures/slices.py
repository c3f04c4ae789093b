"""Metrics by slice: the same figure for parts of the queries, each with its own interval.

A slicing gives every query one label (surface, category, known or new actor, cold or warm target); a query without a
label belongs to no slice. Small slices are shown, not hidden: their interval says how little they know.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from components.measures.intervals import Interval, mean_interval, paired_difference
from metier.errors import InputError


@dataclass(frozen=True)
class SliceValue:
    """One slice of one slicing: `share` of all labelled queries and the interval over it."""

    slicing: str
    label: str
    share: float
    interval: Interval


def by_slice(
    values: npt.ArrayLike, actors: npt.ArrayLike, slicings: Mapping[str, npt.ArrayLike], seed: int = 0
) -> list[SliceValue]:
    """Mean of values (n_queries,) in each slice, largest first within its slicing.

    >>> slices = by_slice([1, 0, 1, 0.5], ["a", "b", "c", "d"], {"category": ["design", "design", "sales", "design"]})
    >>> [(part.label, part.share, part.interval.value) for part in slices]
    [('design', 0.75, 0.5), ('sales', 0.25, 1.0)]
    """
    value, ids = np.asarray(values, dtype=np.float64), np.asarray(actors)
    return [
        SliceValue(slicing, label, share, mean_interval(value[rows], ids[rows], seed=seed))
        for slicing, label, share, rows in _slices(slicings, len(value))
    ]


def paired_by_slice(
    a: npt.ArrayLike, b: npt.ArrayLike, actors: npt.ArrayLike, slicings: Mapping[str, npt.ArrayLike], seed: int = 0
) -> list[SliceValue]:
    """Mean of a - b (n_queries,) in each slice.

    >>> slices = paired_by_slice([1, 1], [0, 1], ["a", "b"], {"category": ["sales", "design"]})
    >>> [(part.label, part.interval.value) for part in slices]
    [('design', 0.0), ('sales', 1.0)]
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    ids = np.asarray(actors)
    return [
        SliceValue(slicing, label, share, paired_difference(first[rows], second[rows], ids[rows], seed=seed))
        for slicing, label, share, rows in _slices(slicings, len(first))
    ]


def seen_before(ids: npt.ArrayLike, earlier: npt.ArrayLike, seen: str, unseen: str) -> npt.NDArray[np.object_]:
    """Label each id by whether it occurs in `earlier`, such as seen="known actor", unseen="new actor".

    >>> seen_before(["f1", "f2"], earlier=["f2", "f3"], seen="known actor", unseen="new actor").tolist()
    ['new actor', 'known actor']
    """
    occurs = pd.Index(np.asarray(ids)).isin(np.asarray(earlier))
    return np.where(occurs, seen, unseen).astype(object)


def _slices(slicings: Mapping[str, npt.ArrayLike], n: int) -> list[tuple[str, str, float, npt.NDArray[np.bool_]]]:
    slices: list[tuple[str, str, float, npt.NDArray[np.bool_]]] = []
    for slicing, labels in slicings.items():
        label = pd.Series(np.asarray(labels, dtype=object))
        if len(label) != n:
            raise InputError(f"slicing {slicing} labels {len(label)} of {n} queries; give one label a query")
        shares = label.value_counts(normalize=True)
        names = sorted(shares.index, key=lambda name: (-shares[name], str(name)))
        slices.extend((slicing, str(name), float(shares[name]), (label == name).to_numpy()) for name in names)
    return slices
