"""Every field of everything that an evaluation stores, of today or added later, reads back as it was written."""

import dataclasses
import functools
import types
import typing
from datetime import datetime
from typing import Any, Literal, Union

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from components.evaluation.evaluate import StudyEvaluation, StudyEvidence
from components.evaluation.report import EvaluationReport
from components.evaluation.report.document import Cell
from metier.stored import as_json, as_plain, from_json

MOMENT = TypeAdapter(datetime)
TEXTS = st.text(max_size=4)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
CELLS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | FINITE | TEXTS
PLAIN = {
    str: TEXTS, int: st.integers(0, 99), bool: st.booleans(), float: st.floats(), type(None): st.none(),
    datetime: st.datetimes().map(lambda moment: MOMENT.validate_python(f"{moment.isoformat()}Z")), Any: CELLS,
}  # fmt: skip
KINDS = (StudyEvidence, EvaluationReport)


@functools.cache
def of_kind(kind: type) -> st.SearchStrategy:
    """Values of a dataclass with every field given, none left to its default."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return st.builds(kind, **{field.name: values(hints[field.name]) for field in dataclasses.fields(kind)})


def values(hint: Any) -> st.SearchStrategy:
    """Values of a type as annotated."""
    if hint == Cell:
        return CELLS
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return values(arguments[0])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, types.UnionType):
        return st.one_of(*map(values, arguments))
    if origin is tuple:
        return st.lists(values(arguments[0]), max_size=2).map(tuple)
    if origin is not None and issubclass(origin, typing.Mapping):
        return st.dictionaries(TEXTS, values(arguments[1]), max_size=2)
    return of_kind(hint) if dataclasses.is_dataclass(hint) else PLAIN[hint]


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_every_field_reads_back(kind, data):
    stored = data.draw(of_kind(kind))
    assert repr(from_json(kind, as_json(stored))) == repr(stored)
    assert set(as_plain(stored)) == {field.name for field in dataclasses.fields(kind)}


def test_all_that_a_study_knows_is_stored():
    known = {field.name for field in dataclasses.fields(StudyEvaluation)}
    assert known - {"report"} == {field.name for field in dataclasses.fields(StudyEvidence)}
