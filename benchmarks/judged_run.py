"""A TREC run measured against relevance judgements, alone or beside another run, with intervals over queries.

`python benchmarks/judged_run.py RUN QRELS [--against RUN] [--out FILE]`: NDCG@10 (gain 2^grade - 1), MRR@10, recall@100
and recall@1000, and with --against the paired difference of each. Runs and judgements may be gzip files. `metier judge
evaluate` prints the same without --out.
"""

import argparse
import json
from pathlib import Path

from components.evaluation.judged.runs import compare
from components.ranking_files import read_qrels, read_run
from metier.durable import write_whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("run", type=Path)
    parser.add_argument("qrels", type=Path)
    parser.add_argument("--against", type=Path, help="another run of the same queries")
    parser.add_argument("--out", type=Path, help="write the JSON here too")
    arguments = parser.parse_args()
    against = None if arguments.against is None else read_run(arguments.against)
    report = json.dumps(compare(read_run(arguments.run), read_qrels(arguments.qrels), against).figures, indent=2)
    if arguments.out:
        write_whole(arguments.out, report)
    print(report)


if __name__ == "__main__":
    main()
