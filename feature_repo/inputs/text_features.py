"""How the texts of a query and its candidates compare: own, typed and past ones, by meaning, words and headlines.

Works on one block of whole queries. Knows no table.
"""

import numpy as np
import scipy.sparse as sp

from feature_repo.inputs.asked import ASKED_NAMES
from feature_repo.inputs.block import OWN, PAST, REQUEST, Block, Compared
from feature_repo.inputs.columns import Doubles, Flags, Floats
from feature_repo.inputs.similarity import SlotRows, Span, dense_cosines, lexical_cosines
from feature_repo.texts.sparse_rows import SparseRows

TEXT_NAMES = ("semantic_cosine", "lexical_score", "headline_score", "request_semantic", "request_lexical")
TYPED_NAMES = ("request_headline", "request_own_semantic", "request_past_semantic", *ASKED_NAMES)
"""Of what is typed: no input where nobody can type, which is on the surface of applicants."""
TEXT_KINDS = ("semantic", "lexical", "headline")

Values = Floats | Doubles


def text_features(block: Block, compared: Compared) -> dict[str, Values]:
    """TEXT_NAMES and TYPED_NAMES by name; the first kinds of `compared`, TEXT_KINDS, are filled."""
    habit = _semantic(block, compared, 0)
    _lexical(block, compared, 1)
    _headline(block, compared, 2)
    kinds = slice(0, len(TEXT_KINDS))
    known = block.spread(compared.known[kinds, :PAST]) & compared.shown[kinds, None]
    alone = np.where(known, compared.cosines[kinds, :PAST], np.nan)
    own = dict(zip(("semantic_cosine", "lexical_score", "headline_score"), alone[:, OWN], strict=True))
    typed = dict(zip((f"request_{kind}" for kind in TEXT_KINDS), alone[:, REQUEST], strict=True))
    return {**own, **typed, **habit, **_asked(block)}


def _semantic(block: Block, compared: Compared, kind: int) -> dict[str, Floats]:
    """Cosines of encoder vectors; by query, those of the typed text with its own and with the nearest past one."""
    requests, vectors = block.queries.requests, block.queries.vectors
    rows = np.column_stack([block.own_text, block.own_text, block.past_text])
    slots, known = vectors.dense_at(rows), rows >= 0
    slots[:, REQUEST], known[:, REQUEST] = requests.dense[block.request], requests.has_vector[block.request]
    candidates = block.candidates.vectors.dense_at(block.text)
    dense_cosines(slots, candidates, _span(block), compared.cosines[kind])
    compared.known[kind, : known.shape[1]] = known.T
    compared.shown[kind] = block.text >= 0
    return {name: block.spread(values) for name, values in _habit(slots, known).items()}


def _habit(slots: Floats, known: Flags) -> dict[str, Floats]:
    """By query, cosines of the typed text with the own text, and with the nearest past candidate."""
    cosines = (slots @ slots[:, REQUEST, :, None])[..., 0]
    near = np.where(known & known[:, REQUEST, None], cosines, np.float32(-np.inf))
    both = {"request_own_semantic": near[:, OWN], "request_past_semantic": near[:, PAST:].max(axis=1)}
    return {name: np.where(np.isinf(values), np.nan, values) for name, values in both.items()}


def _lexical(block: Block, compared: Compared, kind: int) -> None:
    """TF-IDF cosines of whole texts."""
    vectors = block.queries.vectors
    own, past = vectors.terms_at(block.own_text), vectors.terms_at(block.past_text[block.past])
    slots = _slots(block, own, past, block.queries.requests.lexical)
    candidates = block.candidates.vectors.terms_at(block.text)
    lexical_cosines(slots, candidates, _span(block), compared.cosines[kind])
    _know(block, compared.known[kind], block.own_text >= 0, block.past_text >= 0)
    compared.shown[kind] = block.text >= 0


def _headline(block: Block, compared: Compared, kind: int) -> None:
    """TF-IDF cosines of headlines (title, place, company)."""
    own, past, candidate = block.queries.headlines, block.queries.past.headlines, block.candidates.headlines
    own_row, past_row = own.row[block.distinct], past.row[block.distinct, : block.longest]
    row = candidate.row[block.candidate]
    slots = _slots(
        block,
        SparseRows.of(own.lexical, own_row),
        SparseRows.of(past.lexical, past_row[block.past]),
        block.queries.requests.headlines,
    )
    lexical_cosines(slots, SparseRows.of(candidate.lexical, row), _span(block), compared.cosines[kind])
    own_known, past_known = (rows < side.lexical.shape[0] - 1 for rows, side in ((own_row, own), (past_row, past)))
    _know(block, compared.known[kind], own_known, past_known)
    compared.shown[kind] = row < candidate.lexical.shape[0] - 1


def _slots(block: Block, own: SparseRows, past: SparseRows, requests: sp.csr_array) -> list[SlotRows]:
    """Term rows of own texts, of the past texts at block.past, and of what is typed."""
    query, slot = block.past
    every = np.arange(len(block.distinct))
    slots = [SlotRows(own, every, np.full_like(every, OWN)), SlotRows(past, query, PAST + slot)]
    typed = np.flatnonzero(block.is_typed)
    if len(typed):
        rows = SparseRows.of(requests, block.request[typed])
        slots.append(SlotRows(rows, typed, np.full_like(typed, REQUEST)))
    return slots


def _know(block: Block, known: Flags, own: Flags, past: Flags) -> None:
    """Into (slots, queries), what is known of texts by words."""
    known[OWN], known[REQUEST], known[PAST : PAST + block.longest] = own, block.is_typed, past.T


def _span(block: Block) -> Span:
    return Span(block.span.starts, PAST + block.span.width)


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
