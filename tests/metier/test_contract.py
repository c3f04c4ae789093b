"""The contract declares six tables whose parts agree with one another."""

import pyarrow as pa
import pytest

from metier.contract import (
    ATTRIBUTION_DAYS,
    CONTRACT_VERSION,
    ENTITY_TABLES,
    KINDS,
    LEVELS,
    RELEVANCE,
    SURFACES,
    TABLES,
    VERSION_KEY,
    surface,
    table,
)
from metier.errors import UnknownNameError


@pytest.mark.parametrize("name", TABLES)
def test_keys_and_references_are_columns_and_references_point_at_tables(name):
    declared = TABLES[name]
    columns = {column.name for column in declared.columns}
    assert declared.name == name
    assert set(declared.key) <= columns
    assert set(declared.references) <= columns
    assert set(declared.references.values()) <= set(TABLES)
    assert all(declared.column(key).required for key in declared.key)


@pytest.mark.parametrize("name", TABLES)
def test_every_table_says_when_it_happened_and_when_it_was_learned_in_utc(name):
    schema = TABLES[name].schema
    for column in ("event_timestamp", "recorded_at"):
        assert schema.field(column).type == pa.timestamp("us", tz="UTC")
        assert not schema.field(column).nullable
    assert schema.metadata[VERSION_KEY] == str(CONTRACT_VERSION).encode()


@pytest.mark.parametrize("name", ENTITY_TABLES)
def test_rows_of_an_entity_are_versions(name):
    assert TABLES[name].key[1:] == ("event_timestamp", "recorded_at")


def test_relevance_grades_are_those_of_the_vocabulary_and_each_has_a_window():
    assert RELEVANCE == {"click": 1, "save": 1, "apply": 2, "invite": 2, "accept": 3, "hire": 4}
    assert set(RELEVANCE) <= set(KINDS)
    assert set(ATTRIBUTION_DAYS) == set(RELEVANCE)
    assert TABLES["queries"].column("surface").allowed == SURFACES


def test_an_unknown_table_or_surface_is_answered_with_the_known_ones():
    assert surface("job_feed") == "job_feed"
    with pytest.raises(UnknownNameError, match=r"unknown surface 'billboard'; use one of: talent_search, job_feed"):
        surface("billboard")
    with pytest.raises(UnknownNameError, match=r"unknown table 'gigs'; use one of: freelancers, clients"):
        table("gigs")


def test_a_column_of_a_vocabulary_allows_the_named_words_and_no_others():
    allowed = {
        f"{name}.{column.name}": column.allowed
        for name, declared in TABLES.items()
        for column in declared.columns
        if column.allowed
    }
    assert allowed == {
        "freelancers.experience_level": ("entry", "intermediate", "expert"),
        "freelancers.status": ("listed", "unavailable", "private", "suspended"),
        "clients.status": ("active", "suspended"),
        "jobs.budget_kind": ("hourly", "fixed"),
        "jobs.experience_level": LEVELS,
        "jobs.visibility": ("public", "invite_only"),
        "jobs.status": ("open", "paused", "filled", "closed", "removed"),
        "queries.surface": SURFACES,
        "impressions.placement": ("organic", "promoted", "exploration"),
        "interactions.kind": KINDS,
        "interactions.side": ("client", "freelancer"),
    }
