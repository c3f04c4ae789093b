"""Written pair facts answer as those in memory, and are mapped."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.retrieval.pair_facts import PairFacts, StoredSets

NAMES = st.text(max_size=3)
SETS = st.dictionaries(NAMES, st.frozensets(NAMES, min_size=1, max_size=4), max_size=8)


@settings(deadline=None)
@given(SETS, st.lists(NAMES, max_size=8))
def test_stored_sets_are_the_sets(sets: dict[str, frozenset[str]], asked: list[str]) -> None:
    stored = StoredSets(StoredSets.table(sets))
    assert stored == sets
    assert [stored.get(key) for key in asked] == [sets.get(key) for key in asked]
    assert dict(zip(stored, stored.sizes().tolist(), strict=True)) == {key: len(held) for key, held in sets.items()}


def test_written_facts_are_read_as_they_were(tmp_path: Path) -> None:
    facts = PairFacts(applied={"F": frozenset("JK")}, hired={"K": frozenset("FG"), "J": frozenset("F")})
    facts.write(tmp_path)
    again = PairFacts.read(tmp_path)
    assert again == facts
    for each in (facts, again):
        jobs, counts = each.hires()
        assert dict(zip(jobs, counts.tolist(), strict=True)) == {"J": 1, "K": 2}


def test_a_key_that_is_not_stored_is_none() -> None:
    with pytest.raises(KeyError):
        StoredSets(StoredSets.table({"b": frozenset("x")}))["a"]
