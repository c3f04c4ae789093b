"""How the texts of a query and its candidates compare: own, typed and past ones, by meaning, words and headlines.

Works on one block of whole queries. Knows no table.
"""

import numpy as np

from feature_repo.inputs.asked import ASKED_NAMES
from feature_repo.inputs.block import Block
from feature_repo.inputs.columns import Doubles, Flags, Floats, Indices
from feature_repo.inputs.similarity import Span, dense_cosines, interleaved, lexical_cosines, summaries

TEXT_NAMES = ("semantic_cosine", "lexical_score", "headline_score", "request_semantic", "request_lexical")
TYPED_NAMES = ("request_headline", "request_own_semantic", "request_past_semantic", *ASKED_NAMES)
"""Of what is typed: no input where nobody can type, which is on the surface of applicants."""


def text_features(block: Block, scratch: Indices) -> dict[str, Floats | Doubles]:
    """TEXT_NAMES, TYPED_NAMES and what past candidates' texts say, by name; `scratch` as lexical_cosines needs it."""
    return {**_semantic(block), **_lexical(block, scratch), **_headline(block, scratch), **_asked(block)}


def _semantic(block: Block) -> dict[str, Floats]:
    """Cosines of encoder vectors: own text, request, past candidates."""
    queries, vectors = block.queries, block.queries.vectors
    own, past = queries.text_row[block.distinct], queries.past.text_row[block.distinct, : block.longest]
    request = queries.requests.row[block.distinct]
    slots = np.concatenate(
        [vectors.dense_at(own)[:, None], queries.requests.dense[request][:, None], vectors.dense_at(past)],
        axis=1,
        dtype=np.float32,
    )
    candidate_row = block.candidates.text_row[block.candidate]
    cosines = dense_cosines(slots, block.candidates.vectors.dense_at(candidate_row), _wider(block.span, 2))
    mask = np.column_stack([own >= 0, queries.requests.has_vector[request], past >= 0])
    known = mask[block.position] & (candidate_row >= 0)[:, None]
    features = _cosine_features(cosines, known, "semantic", "semantic_cosine", "request_semantic")
    return features | {name: values[block.position] for name, values in _habit(slots, mask).items()}


def _habit(slots: Floats, mask: Flags) -> dict[str, Floats]:
    """By query, cosines of the typed text (slot 1) with the own text (slot 0), and with the nearest past candidate."""
    cosines = np.einsum("qsd,qd->qs", slots, slots[:, 1])
    near = np.where(mask & mask[:, 1:2], cosines, np.nan)
    past = np.where(np.isnan(near[:, 2:]), -np.inf, near[:, 2:]).max(axis=1)
    return {
        "request_own_semantic": near[:, 0],
        "request_past_semantic": np.where(np.isinf(past), np.nan, past).astype(np.float32),
    }


def _lexical(block: Block, scratch: Indices) -> dict[str, Floats]:
    """TF-IDF cosines of whole texts: own text, request, past candidates."""
    queries, vectors = block.queries, block.queries.vectors
    own, past = queries.text_row[block.distinct], queries.past.text_row[block.distinct, : block.longest]
    request = queries.requests.row[block.distinct]
    slots = interleaved(
        len(own), vectors.lexical_at(own), queries.requests.lexical[request], vectors.lexical_at(past.ravel())
    )
    candidate_row = block.candidates.text_row[block.candidate]
    cosines = lexical_cosines(slots, block.candidates.vectors.lexical_at(candidate_row), _wider(block.span, 2), scratch)
    mask = np.column_stack([own >= 0, queries.requests.is_typed[block.distinct], past >= 0])
    return _cosine_features(
        cosines, mask[block.position] & (candidate_row >= 0)[:, None], "lexical", "lexical_score", "request_lexical"
    )


def _headline(block: Block, scratch: Indices) -> dict[str, Floats]:
    """TF-IDF cosines of headlines (title, place, company): own, what is typed, past candidates."""
    own, past, candidate = block.queries.headlines, block.queries.past.headlines, block.candidates.headlines
    requests, past_row = block.queries.requests, past.row[block.distinct, : block.longest]
    slots = interleaved(
        len(past_row),
        own.lexical[own.row[block.distinct]],
        requests.headlines[requests.row[block.distinct]],
        past.lexical[past_row.ravel()],
    )
    cosines = lexical_cosines(slots, candidate.lexical[candidate.row[block.candidate]], _wider(block.span, 2), scratch)
    has_own, is_typed = own.has_headline[block.distinct], requests.is_typed[block.distinct]
    mask = np.column_stack([has_own, is_typed, past.has_headline[block.distinct, : block.longest]])
    mask = mask[block.position] & candidate.has_headline[block.candidate][:, None]
    return _cosine_features(cosines, mask, "headline", "headline_score", "request_headline")


def _cosine_features(cosines: Floats, mask: Flags, kind: str, own: str, request: str) -> dict[str, Floats]:
    """Features of cosines whose slots are own text, request and past candidates."""
    past = summaries(cosines[:, 2:], mask[:, 2:])
    features = {f"past_{kind}_{name}": values for name, values in past.items()}
    for slot, name in enumerate((own, request)):
        features[name] = np.where(mask[:, slot], cosines[:, slot], np.nan)
    return features


def _asked(block: Block) -> dict[str, Floats]:
    """How far each candidate meets what its query's text asks for."""
    requests = block.queries.requests
    features = {name: np.full(len(block.query), np.nan, np.float32) for name in ASKED_NAMES}
    typed = np.flatnonzero(requests.row[block.distinct] < len(requests.asks))
    for number in typed.tolist():
        pairs = slice(*block.span.starts[number : number + 2])
        ask = requests.asks[requests.row[block.distinct[number]]]
        for name, values in ask.met(block.candidates.party, block.candidate[pairs]).items():
            features[name][pairs] = values
    return features


def _wider(span: Span, slots: int) -> Span:
    return Span(span.starts, span.width + slots)
