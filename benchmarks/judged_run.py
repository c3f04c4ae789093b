"""A TREC run measured against relevance judgements, alone or beside another run, with intervals over queries.

`python benchmarks/judged_run.py RUN QRELS [--against RUN] [--out FILE]`: NDCG@10 (gain 2^grade - 1), MRR@10, recall@100
and recall@1000, and with --against the paired difference of each. Runs and judgements may be gzip files.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.measures import mean_interval, mrr, ndcg_at_k, paired_difference, recall_at_k
from components.ranking_files import judged_run, read_qrels, read_run
from components.ranking_files.trec import Judgements, Run
from metier.durable import write_whole
from metier.stored import as_plain

DEPTH = 1_000

Values = dict[str, NDArray[np.float64]]


def measured(run: Run, judgements: Judgements) -> tuple[Values, int]:
    """Each measure by judged query (n_queries,), and how many queries of the run nobody judged."""
    judged = judged_run(run, judgements, DEPTH)
    rows = judged.relevance, judged.score, judged.query_id
    values = {
        "ndcg_at_10": ndcg_at_k(*rows, 10),
        "mrr_at_10": mrr(*rows, 10),
        "recall_at_100": recall_at_k(*rows, 100),
        "recall_at_1000": recall_at_k(*rows, DEPTH),
    }
    return values, len(judged.unjudged_queries)


def compare(run: Path, qrels: Path, against: Path | None) -> dict[str, Any]:
    judgements = read_qrels(qrels)
    values, unjudged = measured(read_run(run), judgements)
    queries = np.arange(len(judgements))
    result: dict[str, Any] = {
        "queries": len(judgements),
        "queries_without_a_relevant_document": int(np.isnan(values["ndcg_at_10"]).sum()),
        "unjudged_queries_of_the_run": unjudged,
        "run": {name: as_plain(mean_interval(of, queries)) for name, of in values.items()},
    }
    if against is not None:
        other, _ = measured(read_run(against), judgements)
        result["against"] = {name: as_plain(mean_interval(of, queries)) for name, of in other.items()}
        differences = {name: paired_difference(of, other[name], queries) for name, of in values.items()}
        result["difference"] = {name: as_plain(interval) for name, interval in differences.items()}
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("run", type=Path)
    parser.add_argument("qrels", type=Path)
    parser.add_argument("--against", type=Path, help="another run of the same queries")
    parser.add_argument("--out", type=Path, help="write the JSON here too")
    arguments = parser.parse_args()
    report = json.dumps(compare(arguments.run, arguments.qrels, arguments.against), indent=2)
    if arguments.out:
        write_whole(arguments.out, report)
    print(report)


if __name__ == "__main__":
    main()
