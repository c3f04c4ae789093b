"""How the texts of a query and its candidates compare: own, typed and past ones, by meaning, words and headlines.

Works on one block of whole queries. Knows no table.
"""

import numpy as np

from feature_repo.inputs.asked import ASKED_NAMES
from feature_repo.inputs.block import OWN, PAST, REQUEST, Block, Compared
from feature_repo.inputs.columns import Doubles, Flags, Floats
from feature_repo.inputs.similarity import Span, dense_cosines, lexical_cosines
from feature_repo.texts.sparse_rows import SparseRows

TEXT_NAMES = ("semantic_cosine", "lexical_score", "headline_score", "request_semantic", "request_lexical")
TYPED_NAMES = ("request_headline", "request_own_semantic", "request_past_semantic", *ASKED_NAMES)
"""Of what is typed: no input where nobody can type, which is on the surface of applicants."""
TEXT_KINDS = ("semantic", "lexical", "headline")
SEMANTIC, LEXICAL, HEADLINE = range(3)

Values = Floats | Doubles


def text_features(block: Block, compared: Compared) -> dict[str, Values]:
    """TEXT_NAMES and TYPED_NAMES by name; the first kinds of `compared`, TEXT_KINDS, are filled."""
    habit = _semantic(block, compared)
    _lexical(block, compared)
    kinds = slice(0, len(TEXT_KINDS))
    known = block.spread(compared.known[:PAST, kinds]) & compared.shown[kinds]
    own, typed = np.where(known, compared.cosines[:PAST, kinds], np.nan)
    return {
        **dict(zip(("semantic_cosine", "lexical_score", "headline_score"), own, strict=True)),
        **dict(zip(("request_semantic", "request_lexical", "request_headline"), typed, strict=True)),
        **habit,
        **_asked(block),
    }


def _semantic(block: Block, compared: Compared) -> dict[str, Floats]:
    """Cosines of encoder vectors; by query, those of the typed text with its own and with the nearest past one."""
    requests, vectors = block.queries.requests, block.queries.vectors
    rows = np.column_stack([block.own_text, block.own_text, block.past_text])
    slots, known = vectors.dense_at(rows), rows >= 0
    slots[:, REQUEST], known[:, REQUEST] = requests.dense[block.request], requests.has_vector[block.request]
    candidates = block.candidates.vectors.dense_at(block.text)
    dense_cosines(slots, candidates, Span(block.span.starts, PAST + block.span.width), compared.cosines[:, SEMANTIC])
    compared.known[: known.shape[1], SEMANTIC] = known.T
    compared.shown[SEMANTIC] = block.text >= 0
    return {name: block.spread(values) for name, values in _habit(slots, known).items()}


def _habit(slots: Floats, known: Flags) -> dict[str, Floats]:
    """By query, cosines of the typed text with the own text, and with the nearest past candidate."""
    names = ("request_own_semantic", "request_past_semantic")
    if not known[:, REQUEST].any():
        return dict.fromkeys(names, np.full(len(slots), np.nan, np.float32))
    cosines = (slots @ slots[:, REQUEST, :, None])[..., 0]
    near = np.where(known & known[:, REQUEST, None], cosines, np.float32(-np.inf))
    both = near[:, OWN], near[:, PAST:].max(axis=1)
    return {name: np.where(np.isinf(values), np.nan, values) for name, values in zip(names, both, strict=True)}


def _lexical(block: Block, compared: Compared) -> None:
    """TF-IDF cosines of whole texts, and those of headlines (title, place, company): two kinds, multiplied at once."""
    requests, own, past, shown = (
        block.queries.requests, block.queries.headlines, block.queries.past.headlines, block.candidates.headlines
    )  # fmt: skip
    own_row, past_row = own.row[block.distinct], past.row[block.distinct, : block.longest]
    row, typed = shown.row[block.candidate], block.request[block.typed]
    slots = SparseRows.stacked([
        block.queries.vectors.terms_at(np.append(block.own_text, block.past_text[block.past])),
        SparseRows.of(requests.lexical, typed),
        SparseRows.of(own.lexical, own_row),
        SparseRows.of(past.lexical, past_row[block.past]),
        SparseRows.of(requests.headlines, typed),
    ])  # fmt: skip
    texts, headlines = block.candidates.vectors.terms_at(block.text), SparseRows.of(shown.lexical, row)
    query, slot = block.slots
    at = np.append(query, len(block.distinct) + query), np.append(slot, slot)
    starts = np.append(block.span.starts, len(block.query) + block.span.starts[1:])
    span = Span(starts, PAST + np.append(block.span.width, block.span.width))
    both = compared.cosines[:, LEXICAL : HEADLINE + 1].reshape(len(compared.cosines), -1)
    lexical_cosines(slots, at, SparseRows.stacked([texts, headlines]), span, both)
    _know(block, compared.known[:, LEXICAL], block.own_text >= 0, block.past_text >= 0)
    own_known, past_known = (rows < side.lexical.shape[0] - 1 for rows, side in ((own_row, own), (past_row, past)))
    _know(block, compared.known[:, HEADLINE], own_known, past_known)
    compared.shown[LEXICAL : HEADLINE + 1] = block.text >= 0, row < shown.lexical.shape[0] - 1


def _know(block: Block, known: Flags, own: Flags, past: Flags) -> None:
    """Into (slots, queries), what is known of texts by words."""
    known[OWN], known[REQUEST], known[PAST : PAST + block.longest] = own, block.is_typed, past.T


def _asked(block: Block) -> dict[str, Values]:
    """How far each candidate meets what its query's text asks for."""
    asks = block.queries.requests.asks
    read = np.flatnonzero(block.request < len(asks))
    if not len(read):
        return dict.fromkeys(ASKED_NAMES, np.full(len(block.query), np.nan))
    features: dict[str, Values] = {name: np.full(len(block.query), np.nan, np.float32) for name in ASKED_NAMES}
    for number in read.tolist():
        pairs = slice(*block.span.starts[number : number + 2])
        for name, values in asks[block.request[number]].met(block.candidates.party, block.candidate[pairs]).items():
            features[name][pairs] = values
    return features
