"""Runs and judgements of TREC, measured as trec_eval orders them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.measures import ndcg_at_k, recall_at_k
from components.ranking_files import judged_run, read_qrels, read_run, write_qrels, write_run
from components.ranking_files.trec import Run, iterations
from metier.errors import InputError


def written(folder: Path, content: str, name: str = "file") -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def test_the_score_orders_a_run_not_its_rank_column(tmp_path: Path) -> None:
    run = read_run(written(tmp_path, "7 Q0 d#1 1 0.5 tag\n7 Q0 d2 2 0.75 tag\n"))
    assert run == {"7": {"d#1": 0.5, "d2": 0.75}}
    judged = judged_run(run, {"7": {"d2": 1.0}}, depth=10)
    assert ndcg_at_k(judged.relevance, judged.score, judged.query_id, 10).tolist() == [1.0]


def test_a_relevant_document_that_was_not_retrieved_counts_in_the_ideal_alone() -> None:
    # Two relevant documents, one retrieved at the top: 1 / (1 + 1 / log2(3)); recall one half, at any cut-off.
    judged = judged_run({"q": {"a": 3.0, "b": 2.0}}, {"q": {"a": 1.0, "z": 1.0}}, depth=10)
    assert ndcg_at_k(judged.relevance, judged.score, judged.query_id, 10)[0] == pytest.approx(0.6131, abs=1e-4)
    assert recall_at_k(judged.relevance, judged.score, judged.query_id, 10).tolist() == [0.5]


def test_a_query_without_documents_is_a_zero_and_one_without_judgements_is_named() -> None:
    judged = judged_run({"other": {"a": 1.0}}, {"q": {"a": 1.0}}, depth=5)
    assert judged.unjudged_queries == ("other",)
    assert ndcg_at_k(judged.relevance, judged.score, judged.query_id, 5).tolist() == [0.0]


def test_a_negative_grade_is_no_relevance(tmp_path: Path) -> None:
    assert read_qrels(written(tmp_path, "1\t0\ta\t-2\n1\t0\tb\t3\n")) == {"1": {"a": 0.0, "b": 3.0}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1 Q0 a 1 0.5\n", r"line 1 holds 5 columns, not 6"),
        ("1 Q0 a 1 0.5 t\n\n1 Q0 a 2 0.4 t\n", r"line 3: document 'a' stands twice in query '1'"),
        ("1 Q0 a 1 best t\n", r"line 1 has score 'best', which is no finite number"),
        ("1 Q0 a 1 nan t\n", r"line 1 has score 'nan', which is no finite number"),
        ("\n", "holds no row"),
    ],
)
def test_a_run_that_cannot_be_read_names_its_line(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_run(written(tmp_path, content))


IDS = st.text(st.characters(exclude_categories=("Z", "C")), min_size=1).filter(lambda name: name.split() == [name])


@given(st.dictionaries(IDS, st.dictionaries(IDS, st.floats(-1e6, 1e6), min_size=1), min_size=1))
def test_a_run_is_read_back_as_it_was_written(tmp_path_factory: pytest.TempPathFactory, run: Run) -> None:
    file = tmp_path_factory.mktemp("run") / "file"
    write_run(run, file, "tag")
    assert read_run(file) == run


def test_ranks_follow_the_scores_and_equal_scores_the_documents(tmp_path: Path) -> None:
    write_run({"q": {"b": 0.5, "a": 0.5, "c": 2.0}}, tmp_path / "run", "mine")
    assert (tmp_path / "run").read_text() == "q Q0 c 1 2.0 mine\nq Q0 a 2 0.5 mine\nq Q0 b 3 0.5 mine\n"


def test_judgements_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    judgements = {"q": {"a": 4.0, "b": 0.0}, "r": {"a": 1.0}}
    write_qrels(judgements, tmp_path / "qrels", "judge")
    assert read_qrels(tmp_path / "qrels") == judgements
    assert iterations(tmp_path / "qrels") == {"judge"}


def test_an_id_with_a_blank_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'a b' cannot stand in a TREC file"):
        write_qrels({"q": {"a b": 1.0}}, tmp_path / "qrels")
    assert not (tmp_path / "qrels").exists()
