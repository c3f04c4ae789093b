"""Drift of a feature between two histograms with the same bins: PSI, and the two-sample KS statistic with its bound.

Takes counts and knows nothing of where they come from.

The population stability index is the sum over bins of (q - p) ln(q / p), p and q being the shares of the bin in the
reference and now: N. Siddiqi, Credit Risk Scorecards (Wiley, 2006), whose rule of thumb calls 0.1 a small and 0.25 a
large shift; it is the divergence J of S. Kullback and R. A. Leibler, On Information and Sufficiency, Annals of
Mathematical Statistics 22 (1951). A share below FLOOR counts as FLOOR, which keeps the sum finite where a bin is empty
and every term at or above zero.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from components.measures.arrays import FloatArray
from components.monitoring.findings import Finding, Limits, Measure, measured, unmeasured
from components.monitoring.histograms import ColumnState, Histogram, ViewState

FLOOR = 1e-4


def psi(reference: Sequence[int], now: Sequence[int]) -> float:
    """Population stability index of two counts of the same bins, neither of them empty."""
    before, after = np.maximum(_shares(reference), FLOOR), np.maximum(_shares(now), FLOOR)
    return float(((after - before) * np.log(after / before)).sum())


def ks(reference: Sequence[int], now: Sequence[int]) -> float:
    """Largest distance between the cumulative shares at the edges of ordered bins, neither count being empty."""
    distance = np.abs(np.cumsum(_shares(reference)) - np.cumsum(_shares(now))).max()
    return float(min(distance, 1.0))


def ks_at_most(reference: Sequence[int], now: Sequence[int]) -> float:
    """Bound on the KS statistic of the values themselves, which is at least that of the bins.

    Within a bin the two distributions can part by what they differ at one of its edges and the smaller of their
    shares of the bin.
    """
    within = np.minimum(_shares(reference), _shares(now)).max()
    return float(min(ks(reference, now) + within, 1.0))


def drift(reference: Mapping[str, ViewState], now: Mapping[str, ViewState], limits: Limits) -> Iterator[Finding]:
    """PSI of every column with a histogram, and KS of those that are ordered."""
    for view, state in now.items():
        columns = reference.get(view, ViewState(0, None, {})).columns
        for column, current in state.columns.items():
            if current.histogram is not None:
                yield from _drift_of(view, column, columns.get(column), current.histogram, limits)


def _drift_of(
    view: str, column: str, reference: ColumnState | None, now: Histogram, limits: Limits
) -> Iterator[Finding]:
    before = reference.histogram if reference else None
    absent = _why_not(before, now)
    ordered = now.kind == "number"
    if before is None or absent:
        yield unmeasured("psi", view, column, note=absent)
        if ordered:
            yield unmeasured("ks", view, column, note=absent)
        return
    few = min(before.total, now.total) < limits.least_rows
    note = f"{before.total:,} values in the reference, {now.total:,} now; {limits.least_rows:,} needed" if few else ""
    measures: list[tuple[Measure, float, float, str]] = [("psi", psi(before.counts, now.counts), limits.psi, note)]
    if ordered:
        bound = note or f"KS of the values is at most {ks_at_most(before.counts, now.counts):.3f}"
        measures.append(("ks", ks(before.counts, now.counts), limits.ks, bound))
    for measure, value, limit, words in measures:
        if few:
            yield unmeasured(measure, view, column, value=value, note=words)
        else:
            yield measured(measure, view, column, value=value, high=limit, note=words)


def _why_not(before: Histogram | None, now: Histogram) -> str:
    """Why two histograms cannot be compared, or an empty string."""
    if before is None or (before.kind, before.bins) != (now.kind, now.bins):
        return "the reference does not hold this column; store a new reference"
    return "" if before.total and now.total else f"no value {'now' if before.total else 'in the reference'}"


def _shares(counts: Sequence[int]) -> FloatArray:
    values: FloatArray = np.asarray(counts, dtype=np.float64)
    shares: FloatArray = values / values.sum()
    return shares
