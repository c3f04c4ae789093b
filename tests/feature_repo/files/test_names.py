"""Names are found by row whatever they are, and written ones are mapped."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_repo.files.names import Names
from metier.errors import FeatureError

NAMES = st.lists(st.text(max_size=12), unique=True, max_size=20)


@settings(deadline=None)
@given(NAMES, st.lists(st.one_of(st.none(), st.text(max_size=12)), max_size=20))
def test_rows_are_those_of_a_dict(held: list[str], asked: list[str | None]) -> None:
    row = {name: place for place, name in enumerate(held)}
    wanted = [*held, *asked]
    assert Names.of(held).rows(wanted).tolist() == [row.get(name, -1) for name in wanted]  # type: ignore[arg-type]


def test_a_name_is_not_found_by_its_beginning_nor_by_what_goes_beyond_it() -> None:
    names = Names.of(["ab", "abc", "é"])
    assert names.rows(["a", "abcd", "ab\0", "", "e", "é", "abc"]).tolist() == [-1, -1, -1, -1, -1, 2, 1]


def test_a_name_that_appears_twice_is_refused() -> None:
    with pytest.raises(FeatureError, match="appears twice"):
        Names.of(["a", "b", "a"])


def test_written_names_are_mapped(tmp_path: Path) -> None:
    Names.of(pa.chunked_array([["b"], ["a", "c"]])).write(tmp_path, "ids")
    names = Names.read(tmp_path, "ids")
    assert names.rows(["a", "b", "c", "d"]).tolist() == [1, 0, 2, -1]
    assert names.at(np.array([2, 0, 0])) == ["c", "b", "b"]
    assert len(names) == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ids.arrow", "ids.ascending.npy", "ids.row.npy"]


def test_no_names_at_all(tmp_path: Path) -> None:
    Names.of([]).write(tmp_path, "ids")
    assert Names.read(tmp_path, "ids").rows(["a"]).tolist() == [-1]
