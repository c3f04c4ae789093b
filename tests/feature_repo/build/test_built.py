"""What a build claims is read back as it was written; a claim that cannot be read is none."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feature_repo.build.built import FILE, Built

MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(datetime.isoformat)
SOURCES = st.lists(st.text(min_size=1), max_size=4).map(tuple)


@given(st.builds(Built, MOMENTS, st.text(), SOURCES))
def test_a_claim_is_read_as_it_was_written(built: Built) -> None:
    with tempfile.TemporaryDirectory() as folder:
        built.write(Path(folder))
        assert Built.read(Path(folder)) == built


def test_the_claim_of_a_build_before_is_read(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(
        '{"as_of": "2026-03-01T00:00:00+00:00", "definition": "ab", "sources": ["x/y.parquet"]}'
    )
    assert Built.read(tmp_path) == Built("2026-03-01T00:00:00+00:00", "ab", ("x/y.parquet",))


@pytest.mark.parametrize("content", ["", "{}", '{"as_of": 3}', "[1]"])
def test_a_claim_that_cannot_be_read_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    assert Built.read(tmp_path) is None
