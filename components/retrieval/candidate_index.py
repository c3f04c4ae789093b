"""The index of a surface's candidates, built in one way for what is served and for what is evaluated.

Knows the columns of candidates' versions; no lake, no surface and no query.
"""

import pyarrow as pa

from components.retrieval.hybrid import HybridRetriever
from feature_repo.texts import Encoder, TextVectors
from feature_repo.texts.text import headline, text_key


def index_candidates(versions: pa.Table, vectors: TextVectors, encoder: Encoder) -> HybridRetriever:
    """Index `versions` (id, text, title, city, region; from_lake.newest_versions) in the language of `vectors`.

    `vectors` hold this encoder's embedding of each text; row i of the index is row i of `versions`.
    """
    texts = versions["text"].to_pylist()
    titles, cities, regions = (versions[name].to_pylist() for name in ("title", "city", "region"))
    return HybridRetriever.build(
        versions["id"].to_pylist(),
        texts,
        encoder,
        embeddings=vectors.dense_at(vectors.rows([text_key(text) for text in texts])),
        headlines=[headline(*card) for card in zip(titles, cities, regions, strict=True)],
        language=vectors.language,
    )
