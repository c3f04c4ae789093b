"""An index of texts as tantivy has it, as indexes of an earlier version were written: what BM25 is compared with."""

from pathlib import Path

import numpy as np
import tantivy

from feature_repo.texts.text import analyser, searchable


def written(folder: Path, texts: list[str]) -> tantivy.Index:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("body", stored=True, tokenizer_name="metier_en", index_option="freq")
    builder.add_unsigned_field("position", stored=True, indexed=True, fast=True)
    folder.mkdir()
    index = tantivy.Index(builder.build(), path=str(folder))
    index.register_tokenizer("metier_en", analyser("en"))
    writer = index.writer(heap_size=15_000_000, num_threads=1)
    for position, text in enumerate(texts):
        document = tantivy.Document()
        document.add_text("body", searchable(text))
        document.add_unsigned("position", position)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    return index


def scores(index: tantivy.Index, query: tantivy.Query, n: int) -> np.ndarray:
    """Score of each text, 0 where it is not found."""
    searcher = index.searcher()
    scored = np.zeros(n, np.float32)
    for score, address in searcher.search(query, limit=n).hits:
        scored[searcher.doc(address).get_first("position")] = score
    return scored


def asked(index: tantivy.Index, terms: dict[str, int]) -> tantivy.Query:
    """Any of the terms, so many times each."""
    clauses = [tantivy.Query.term_query(index.schema, "body", term, index_option="freq") for term in terms]
    boosted = [tantivy.Query.boost_query(one, float(n)) for one, n in zip(clauses, terms.values(), strict=True)]
    return tantivy.Query.boolean_query([(tantivy.Occur.Should, one) for one in boosted])


def resembling(index: tantivy.Index, term: str, slips: int) -> tantivy.Query:
    """Texts with a word `slips` slips away or beginning with the term."""
    fuzzy = tantivy.Query.fuzzy_term_query
    near = fuzzy(index.schema, "body", term, distance=slips, transposition_cost_one=True)
    return tantivy.Query.disjunction_max_query([near, fuzzy(index.schema, "body", term, distance=0, prefix=True)])
