"""Indexes of an earlier version, which tantivy wrote with the texts in them."""

from pathlib import Path

import tantivy

_SCHEMA = "meta.json"
_BODY, _POSITION = "body", "position"


def is_earlier(folder: Path) -> bool:
    """Whether tantivy wrote the folder."""
    return (folder / _SCHEMA).exists()


def texts_of(folder: Path) -> list[str]:
    """The indexed texts in the order of their positions."""
    searcher = tantivy.Index.open(str(folder)).searcher()
    texts = [""] * searcher.num_docs
    if texts:
        for _, address in searcher.search(tantivy.Query.all_query(), limit=len(texts), count=False).hits:
            document = searcher.doc(address)
            texts[document.get_first(_POSITION)] = document.get_first(_BODY)
    return texts
