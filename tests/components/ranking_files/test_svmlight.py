"""svmlight rows as other readers of the format take them; what is refused names its line."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.ranking_files import read_svmlight
from components.training_sets import RankingDataset, read_letor
from metier.errors import InputError


def written(folder: Path, content: str | bytes, name: str = "rows.txt") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_entries_may_stand_in_any_order(tmp_path: Path) -> None:
    dataset = RankingDataset.from_svmlight(written(tmp_path, "1 qid:4 5:0.25 2:3\n0 qid:4 1:1\n"))
    assert dataset.features.tolist() == [[0, 3, 0, 0, 0.25], [1, 0, 0, 0, 0]]


@pytest.mark.parametrize("zero_based", [True, "auto"])
def test_features_that_count_from_zero_are_read_when_asked(tmp_path: Path, zero_based: object) -> None:
    path = written(tmp_path, "1 qid:1 0:0.5 2:4\n0 qid:1 1:2\n")
    dataset = RankingDataset.from_svmlight(path, zero_based=zero_based)  # type: ignore[arg-type]
    assert dataset.feature_names == ("f0", "f1", "f2")
    assert dataset.features.tolist() == [[0.5, 0, 4], [0, 2, 0]]


def test_auto_counts_from_one_where_no_index_is_zero(tmp_path: Path) -> None:
    dataset = RankingDataset.from_svmlight(written(tmp_path, "1 qid:1 1:7\n"), zero_based="auto")
    assert dataset.feature_names == ("f1",)


def test_an_unexpected_index_zero_names_its_line_and_the_argument(tmp_path: Path) -> None:
    path = written(tmp_path, "# made yesterday\n1 qid:1 1:1\n\n0 qid:1 0:1\n")
    with pytest.raises(InputError, match=r"line 4 has index 0, .* pass zero_based=True"):
        RankingDataset.from_svmlight(path)


@pytest.mark.parametrize(
    "pack", [lambda rows: b"\xef\xbb\xbf" + rows, gzip.compress, lambda rows: rows.replace(b"\n", b"\r\n")]
)
def test_marks_gzip_and_line_ends_of_windows_are_read(tmp_path: Path, pack: object) -> None:
    path = written(tmp_path, pack(b"2 qid:1 1:0.5 # doc 7\n0 qid:2 2:1\n"))  # type: ignore[operator]
    dataset = RankingDataset.from_svmlight(path)
    assert dataset.features.tolist() == [[0.5, 0], [0, 1]]
    assert dataset.query_id.tolist() == [1, 2]


def test_hashed_features_take_the_memory_of_what_is_stored(tmp_path: Path) -> None:
    train = RankingDataset.from_svmlight(written(tmp_path, "1 qid:1 900000007:2\n0 qid:1 12:1 800000000:3\n" * 1))
    assert train.feature_names == ("f12", "f800000000", "f900000007")
    assert train.features.tolist() == [[0, 0, 2], [1, 3, 0]]
    test = written(tmp_path, "0 qid:1 5:1 900000007:4\n", "test.txt")
    alike = RankingDataset.from_svmlight(test, feature_names=train.feature_names)
    assert alike.features.tolist() == [[0, 0, 4]]


def test_a_matrix_that_would_be_almost_empty_names_its_size(tmp_path: Path) -> None:
    rows = "".join(f"{row % 2} qid:{row // 2} {1_000_003 * (row + 1)}:1\n" for row in range(3_000))
    with pytest.raises(
        InputError, match=r"stores 3,000 values, but 3,000 rows of 3,000 features would be 34 MiB; pass"
    ):
        RankingDataset.from_svmlight(written(tmp_path, rows))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("1 qid:1 1:1\n1 qid:1 3:1 3:2\n", r"line 2 .* index 3 stands twice"),
        ("1 qid:1 1:1\n0 qid:1 1=2\n", r"line 2 .* '1=2' is no index:value"),
        ("1 qid:1 1:x\n", r"line 1 .* value of index 1 'x' is no number"),
        ("1 qid:1 -2:1\n", r"line 1 .* index -2 is negative"),
        ("1 qid:q7 1:1\n", r"line 1 .* qid 'q7' is no whole number"),
        ("high qid:1 1:1\n", r"line 1 .* label 'high' is no number"),
        (f"1 qid:1 {2**70}:1\n", r"line 1 .* needs more than 64 bits"),
        ("1 qid:1 1:1\nnan qid:1 1:1\n", r"line 2 has label nan, and a relevance is finite"),
        ("# first\n-1 qid:1 1:1\n", r"line 2 has label -1, and a relevance is finite and zero or more"),
        ("1 qid:1 1:1\n1 qid:1\n\n1 qid:1 2:1 7:1e39\n", r"line 4: the value of index 7 is infinite in 32 bits"),
        ("1 qid:1 1:1\n1 qid:2 1:1\n# again\n1 qid:1 1:1\n", r"line 4: the rows of query '1' are not contiguous"),
    ],
)
def test_what_cannot_be_read_names_its_line(tmp_path: Path, rows: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        RankingDataset.from_svmlight(written(tmp_path, rows))


def test_bytes_that_are_no_utf8_name_their_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="line 2 is not UTF-8"):
        RankingDataset.from_svmlight(written(tmp_path, b"1 qid:1 1:1\n0 qid:1 1:1 # caf\xe9\n"))


entries = st.dictionaries(st.integers(1, 40), st.sampled_from([0.5, -2.0, 3.0, 1e-3]), max_size=6)


@given(st.lists(st.tuples(st.integers(0, 4), entries), min_size=1, max_size=8), st.randoms())
def test_any_order_of_entries_is_the_same_row(
    tmp_path_factory: pytest.TempPathFactory, rows: list, random: object
) -> None:
    folder = tmp_path_factory.mktemp("rows")

    def text(label: int, row: dict[int, float], shuffled: bool) -> str:
        pairs = sorted(row.items())
        if shuffled:
            random.shuffle(pairs)  # type: ignore[attr-defined]
        return " ".join([str(label), "qid:1", *(f"{index}:{value}" for index, value in pairs)])

    straight, mixed = ("\n".join(text(*row, shuffled) for row in rows) for shuffled in (False, True))
    first, second = (read_svmlight(written(folder, content)) for content in (straight, mixed))
    assert first.index.tolist() == second.index.tolist()
    np.testing.assert_array_equal(first.value, second.value)
    assert first.starts.tolist() == second.starts.tolist()


def test_a_fold_of_a_letor_set_has_the_same_features_in_all_three_files(tmp_path: Path) -> None:
    written(tmp_path, "2 qid:1 1:0.5 2:NULL #docid = A1 inc = 1\n0 qid:1 1:0 2:1 #docid = A2\n", "train.txt")
    written(tmp_path, "1 qid:2 4:1\n", "vali.txt")
    written(tmp_path, "0 qid:3 3:1\n", "test.txt")
    fold = read_letor(tmp_path)
    np.testing.assert_array_equal(fold.train.features, [[0.5, np.nan, 0, 0], [0, 1, 0, 0]])
    assert fold.validation.features.shape == fold.test.features.shape == (1, 4)


def test_a_fold_without_one_of_its_files_says_which(tmp_path: Path) -> None:
    written(tmp_path, "1 qid:1 1:1\n", "train.txt")
    with pytest.raises(InputError, match=r"has no vali\.txt"):
        read_letor(tmp_path)


def test_sizes_that_contradict_the_files_own_queries_name_the_line(tmp_path: Path) -> None:
    path = written(tmp_path, "1 qid:1 1:1\n# of 2\n0 qid:2 1:1\n1 qid:2 1:1\n")
    sizes = Path(f"{path}.query")
    sizes.write_text("1\n2\n")
    assert RankingDataset.from_svmlight(path).group_sizes.tolist() == [1, 2]
    sizes.write_text("2\n1\n")
    with pytest.raises(InputError, match=r"line 3: its qid and .*\.query do not agree whether a query begins here"):
        RankingDataset.from_svmlight(path)
    assert RankingDataset.from_svmlight(path, group_path=sizes).group_sizes.tolist() == [2, 1]  # the caller's own word
