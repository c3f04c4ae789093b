"""Files in which ranking data is exchanged: svmlight, TREC runs and judgements, RecBole's interactions."""

from components.ranking_files.recbole import read_inter
from components.ranking_files.svmlight import read_svmlight
from components.ranking_files.svmlight_columns import SvmlightOptions, read_columns
from components.ranking_files.trec import JudgedRun, judged_run, read_qrels, read_run, write_qrels, write_run

__all__ = [
    "JudgedRun",
    "SvmlightOptions",
    "judged_run",
    "read_columns",
    "read_inter",
    "read_qrels",
    "read_run",
    "read_svmlight",
    "write_qrels",
    "write_run",
]
