"""Stored features and request columns to model inputs: FEATURE_NAMES in order, per surface.

Pure, and the same for training, evaluation and serving. Names tell kinds: `*_code` is a categorical bucket (0 is
unknown, 1..1023 hashed), `*_v00`..`*_v15` are components of a text vector, all others are numbers (NaN is missing).
A pair's features depend on its query and its candidate alone. Knows neither Feast nor the lake.
"""

import functools
from collections.abc import Iterable, Iterator
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from feature_repo.inputs.asked import ReadText
from feature_repo.inputs.block import Block
from feature_repo.inputs.columns import Codes, Floats
from feature_repo.inputs.covisits import Covisits
from feature_repo.inputs.encoded import CandidateColumns, QueryColumns
from feature_repo.inputs.pair_features import pair_features, pair_names
from feature_repo.inputs.stored_features import CANDIDATE_STORED, QUERY_STORED, STORED_COUNT_NAMES, vector_names
from feature_repo.texts import TextVectors
from metier.contract import SURFACES, Surface, surface
from metier.errors import FeatureError
from metier.surfaces import surface_spec

BLOCK_PAIRS = 16_384
BLOCK_QUERIES = 1_024
FEW_PAIRS = 1_024

CANDIDATE_COUNT_FEATURES = STORED_COUNT_NAMES | {
    "candidate_age_days",
    "candidate_turned_to",
    "candidate_turned_to_365d",
}
"""Counts, recency and popularity of a candidate: left out of runs in which posted_at is null."""


def _stored_names(name: Surface) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the candidate's and of the query's stored columns, as encoded columns hold them."""
    roles = ("job", "person") if surface_spec(name).shows_jobs else ("person", "job")
    candidate = (*(stored.name for stored in CANDIDATE_STORED[name]), *vector_names(roles[0]))
    query = (*(stored.name for stored in QUERY_STORED[name]), *vector_names(roles[1]))
    return candidate, query


def _all_names(name: Surface) -> tuple[str, ...]:
    candidate, query = _stored_names(name)
    return (*pair_names(name), *candidate, *query)


FEATURE_NAMES: dict[Surface, tuple[str, ...]] = {name: _all_names(name) for name in SURFACES}


def feature_names(name: str, candidate_counts: bool = True) -> tuple[str, ...]:
    """Model inputs of a surface in order; UnknownNameError when there is no such surface."""
    names = FEATURE_NAMES[surface(name)]
    return names if candidate_counts else tuple(n for n in names if n not in CANDIDATE_COUNT_FEATURES)


def require_computed(name: Surface, names: Iterable[str]) -> None:
    """FeatureError where one of `names` is no model input of the surface, as of a bundle of another version."""
    unknown = sorted(set(names) - set(FEATURE_NAMES[name]))
    if unknown:
        raise FeatureError(
            f"{', '.join(unknown)}: no model input of {name} in this version of metier; "
            "train again (`metier pipeline run training`), or serve with the version that trained the bundle"
        )


def model_inputs(
    name: str,
    queries: pa.Table,
    candidates: pa.Table,
    query_index: npt.NDArray[np.integer],
    candidate_index: npt.NDArray[np.integer],
    vectors: TextVectors,
    *,
    covisits: Covisits | None = None,
    candidate_counts: bool = True,
    read: ReadText | None = None,
) -> Floats:
    """(pairs, features) float32 for the pairs (query_index[i], candidate_index[i]); query_index is sorted.

    Both tables hold stored features in full names (`<view>__<feature>`); queries also event_timestamp and text,
    candidates also application_age_hours and application_order where they applied. An absent column is unknown, and so
    is what a text asks for without `read`.
    """
    checked = surface(name)
    query_columns = QueryColumns.encode(checked, queries, vectors, read=read)
    candidate_columns = CandidateColumns.encode(checked, candidates, vectors, covisits)
    names = feature_names(checked, candidate_counts)
    return pair_matrix(checked, query_columns, candidate_columns, query_index, candidate_index, names)


def pair_matrix(
    name: str,
    queries: QueryColumns,
    candidates: CandidateColumns,
    query_index: npt.NDArray[np.integer],
    candidate_index: npt.NDArray[np.integer],
    names: tuple[str, ...] | None = None,
) -> Floats:
    """As model_inputs, of columns encoded before: the inputs called `names` in their order, all where it is None."""
    checked = surface(name)
    query, candidate = np.asarray(query_index, np.int64), np.asarray(candidate_index, np.int64)
    _check(checked, queries, candidates, query, candidate)
    column_of, of_candidate, of_query = _layout(checked, names or feature_names(checked))
    # Of few pairs, as a request has them, columns lie side by side, since they are written one by one.
    order: Literal["F", "C"] = "F" if len(query) <= FEW_PAIRS else "C"
    inputs = np.empty((len(query), len(column_of)), np.float32, order)
    for start, end in _blocks(query):
        columns = inputs[start:end].T
        block = Block.of(queries, candidates, query[start:end], candidate[start:end])
        (stored, column), (asked, asked_column) = of_candidate, of_query
        columns[column] = candidates.stored[block.candidate].T[stored]
        columns[asked_column] = block.spread(queries.stored[block.distinct].T[asked])
        for feature, values in pair_features(block).items():
            if feature in column_of:
                columns[column_of[feature]] = values
    return inputs


Columns = Codes | slice
"""Numbers of columns; a slice where they follow on each other."""


@functools.cache
def _layout(
    name: Surface, wanted: tuple[str, ...]
) -> tuple[dict[str, int], tuple[Columns, Columns], tuple[Columns, Columns]]:
    """Column of every model input, and (stored column, model input) of what is gathered from each side."""
    column_of = {feature: column for column, feature in enumerate(wanted)}
    require_computed(name, wanted)
    candidate, query = (
        np.array([(stored, column_of[feature]) for stored, feature in enumerate(names) if feature in column_of])
        for names in _stored_names(name)
    )
    return column_of, _two(candidate), _two(query)


def _two(pairs: Codes) -> tuple[Columns, Columns]:
    """The columns of (n, 2) pairs; n may be 0."""
    columns = pairs.astype(np.int64).reshape(-1, 2)
    return _run(columns[:, 0]), _run(columns[:, 1])


def _run(columns: Codes) -> Columns:
    if len(columns) and (columns == np.arange(columns[0], columns[0] + len(columns))).all():
        return slice(int(columns[0]), int(columns[-1]) + 1)
    return columns


def _blocks(query: Codes) -> Iterator[tuple[int, int]]:
    """Ranges of whole queries: about 16,384 pairs (or one query) and at most 1,024 queries each."""
    ends = np.append(np.flatnonzero(query[1:] != query[:-1]) + 1, len(query)) if len(query) else np.array([], np.int64)
    start = first = 0
    for position, end in enumerate(ends):
        is_last = position + 1 == len(ends)
        if is_last or ends[position + 1] - start > BLOCK_PAIRS or position + 1 - first == BLOCK_QUERIES:
            yield start, int(end)
            start, first = int(end), position + 1


def _check(name: Surface, queries: QueryColumns, candidates: CandidateColumns, query: Codes, candidate: Codes) -> None:
    if not (queries.surface == candidates.surface == name):
        raise FeatureError(
            f"columns encoded for {queries.surface} and {candidates.surface}, asked for {name}; encode them for it"
        )
    if not queries.vectors.comparable(candidates.vectors):
        raise FeatureError("queries and candidates were weighed by different weights; encode both by the same")
    if len(query) != len(candidate) or (query[1:] < query[:-1]).any():
        raise FeatureError(
            f"{len(query)} query and {len(candidate)} candidate positions; give as many of both, by ascending query"
        )
