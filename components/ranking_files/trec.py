"""TREC runs and relevance judgements as rows that the measures take. Knows nothing of retrieval or rankers.

A run holds `query Q0 document rank score tag`, judgements (qrels) hold `query iteration document grade`. As trec_eval
has it, the score orders a run and its rank column is not read.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from components.ranking_files.text_file import numbered_lines, read_text
from metier.durable import write_whole
from metier.errors import InputError

Run = dict[str, dict[str, float]]
"""Score by document by query."""
Judgements = dict[str, dict[str, float]]
"""Grade by document by query."""


@dataclass(frozen=True)
class JudgedRun:
    """One row a ranked document: query_id (n,) str, relevance (n,) float64, score (n,) float64 in the run's order.

    Holds every judged query, also those for which the run has no document. `unjudged_queries` of the run are left out.
    """

    query_id: NDArray[np.str_]
    relevance: NDArray[np.float64]
    score: NDArray[np.float64]
    unjudged_queries: tuple[str, ...]


def read_run(path: Path) -> Run:
    """The run; InputError names a line of other columns, a document twice in a query, or a score that is none."""
    return _by_query(path, 6, score=4, called="score", row="query Q0 document rank score tag")


def read_qrels(path: Path) -> Judgements:
    """The judgements; a negative grade (spam, in some tracks) counts as 0, as trec_eval has it."""
    judgements = _by_query(path, 4, score=3, called="grade", row="query iteration document grade")
    return {query: {name: max(grade, 0.0) for name, grade in of.items()} for query, of in judgements.items()}


def iterations(path: Path) -> frozenset[str]:
    """The words in the second column of qrels that `read_qrels` takes."""
    return frozenset(line.split()[1] for _, line in numbered_lines(read_text(path)))


def write_run(run: Run, path: Path, tag: str) -> None:
    """Write the run whole, each query's documents by falling score; equal scores by document."""
    _require_one_word(tag)
    lines = []
    for query, scores in run.items():
        ranked = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
        lines += [
            f"{_require_one_word(query)} Q0 {_require_one_word(document)} {rank} {score!r} {tag}"
            for rank, (document, score) in enumerate(ranked, 1)
        ]
    write_whole(path, "".join(f"{line}\n" for line in lines))


def write_qrels(judgements: Judgements, path: Path, iteration: str = "0") -> None:
    """Write the judgements whole; `iteration`, a word that measures do not read, may say whose they are."""
    lines = [
        f"{_require_one_word(query)} {iteration} {_require_one_word(document)} {grade:g}\n"
        for query, grades in judgements.items()
        for document, grade in grades.items()
    ]
    write_whole(path, "".join(lines))


def judged_run(run: Run, judgements: Judgements, depth: int) -> JudgedRun:
    """The run's documents with their grades (0 where not judged), for measures at a cut-off of at most `depth`.

    A relevant document that the run does not hold counts in the ideal order alone: it stands last, and a query with
    fewer than `depth` documents is filled up with irrelevant ones above it.
    """
    query_id: list[str] = []
    relevance: list[float] = []
    score: list[float] = []
    for query, grades in judgements.items():
        ranked = run.get(query, {})
        order = np.unique(list(ranked.values()), return_inverse=True)[1]
        missed = [grade for document, grade in grades.items() if grade > 0 and document not in ranked]
        fill = max(0, depth - len(ranked))
        relevance += [*(grades.get(document, 0.0) for document in ranked), *[0.0] * fill, *missed]
        score += [*(order + 2.0), *[1.0] * fill, *[0.0] * len(missed)]
        query_id += [query] * (len(ranked) + fill + len(missed))
    unjudged = tuple(query for query in run if query not in judgements)
    return JudgedRun(np.array(query_id, np.str_), np.array(relevance), np.array(score), unjudged)


def _by_query(path: Path, width: int, score: int, called: str, row: str) -> dict[str, dict[str, float]]:
    by_query: dict[str, dict[str, float]] = {}
    for number, line in numbered_lines(read_text(path)):
        fields = line.split()
        if len(fields) != width:
            raise InputError(f"{path}, line {number} holds {len(fields)} columns, not {width}; write `{row}`")
        documents = by_query.setdefault(fields[0], {})
        if fields[2] in documents:
            raise InputError(f"{path}, line {number}: document {fields[2]!r} stands twice in query {fields[0]!r}")
        documents[fields[2]] = _finite(fields[score], f"{path}, line {number}", called)
    if not by_query:
        raise InputError(f"{path} holds no row; expected lines of `{row}`")
    return by_query


def _require_one_word(name: str) -> str:
    if name.split() != [name]:
        raise InputError(f"{name!r} cannot stand in a TREC file, whose columns end at blanks; use ids without them")
    return name


def _finite(text: str, where: str, called: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise InputError(f"{where} has {called} {text[:40]!r}, which is no finite number; correct or remove it")
    return value
