"""RecBole's interactions as first positives of leave-last-out."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from components.ranking_files import read_inter
from components.training_sets.leave_last_out import full_ranking, leave_last_out
from metier.errors import InputError

HEADER = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"


def written(folder: Path, content: str) -> Path:
    path = folder / "small.inter"
    path.write_text(content, encoding="utf-8")
    return path


def test_the_first_row_of_each_pair_counts_by_time(tmp_path: Path) -> None:
    rows = "007\ta\t4\t978300760.0\n007\tb\t5\t978300700\n007\ta\t1\t978300800\n8\ta\t3\t978300600\n"
    positives = read_inter(written(tmp_path, HEADER + rows))
    assert positives["actor_id"].to_pylist() == ["8", "007", "007"]
    assert positives["candidate_id"].to_pylist() == ["a", "b", "a"]
    assert positives["relevance"].to_pylist() == [3, 5, 4]
    assert positives["event_timestamp"][0].as_py() == datetime(2000, 12, 31, 22, 10, tzinfo=UTC)


def test_it_is_what_leave_last_out_takes(tmp_path: Path) -> None:
    rows = "".join(f"u{user}\ti{item}\t1\t{978_300_000_000 + 1_000 * item}\n" for user in (1, 2) for item in range(3))
    positives = read_inter(written(tmp_path, HEADER + rows))
    ranking = full_ranking(positives, leave_last_out(positives).test)
    assert ranking.actors == ("u1", "u2")
    assert [ranking.candidates[target] for target in ranking.target] == ["i2", "i2"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("user_id:token\titem_id:token\n1\t2\n", r"has no column timestamp:float in its header \(user_id:token"),
        (HEADER + "1\t2\t3\n", "cannot be read as tab-separated rows"),
        (HEADER + "1\t2\t3\tnan\n", "row 1 has no usable timestamp"),
        (HEADER + "1\t2\t3\t978300700\n\t2\t3\t978300700\n", "row 2 has no user_id"),
        (HEADER + "1\t \t3\t978300700\n", "row 1 has no item_id"),
    ],
)
def test_a_file_that_cannot_be_evaluated_says_what_it_lacks(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_inter(written(tmp_path, content))
