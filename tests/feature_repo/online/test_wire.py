"""Keys and values as Feast spells them: each held against Feast's own function."""

import math
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from feast.infra.key_encoding_utils import serialize_entity_key, serialize_entity_key_prefix
from feast.infra.online_stores.helpers import _mmh3, extract_text_and_num
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast.type_map import feast_value_type_to_python_type, python_values_to_proto_values
from hypothesis import given
from hypothesis import strategies as st

from feature_repo.definitions import KINDS
from feature_repo.online.wire import FIELDS, decoded, encoded, entity_key, entity_of, field_of, hash_field, key_prefix
from metier.contract import TIMESTAMP

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
WHOLE = st.integers(-(2**63) + 1, 2**63 - 1)
SINGLE = st.floats(width=32, allow_nan=False)
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
VALUES = {
    pa.string(): TEXTS,
    pa.int64(): WHOLE,
    pa.float64(): st.floats(allow_nan=False),
    pa.float32(): SINGLE,
    pa.bool_(): st.booleans(),
    TIMESTAMP: MOMENTS,
    pa.list_(pa.string()): st.lists(TEXTS, max_size=4),
    pa.list_(pa.int64()): st.lists(WHOLE, max_size=4),
    pa.list_(pa.float32()): st.lists(SINGLE, max_size=4),
}


def stored(kind, value):
    (message,) = python_values_to_proto_values([value], KINDS[kind].to_value_type())
    return message


def test_there_is_a_field_for_every_type_that_a_view_may_have():
    assert FIELDS.keys() == KINDS.keys() == VALUES.keys()
    feasts = Value.DESCRIPTOR.fields_by_name
    assert {name: number for name, number, _ in FIELDS.values()} == {
        name: feasts[name].number for name, *_ in FIELDS.values()
    }


@given(st.sampled_from(list(VALUES)).flatmap(lambda kind: st.tuples(st.just(kind), st.none() | VALUES[kind])))
def test_a_value_is_read_as_feast_and_arrow_read_it(drawn):
    kind, value = drawn
    message = stored(kind, value)
    (expected,) = pa.array([feast_value_type_to_python_type(message)], kind).to_pylist()
    found = decoded(message.SerializeToString(), kind, field_of(kind))
    assert found == expected
    assert type(found) is type(expected) or isinstance(found, datetime)
    assert math.copysign(1, found) == math.copysign(1, expected) if isinstance(found, float) else True


@given(st.sampled_from(list(VALUES)).flatmap(lambda kind: st.tuples(st.just(kind), st.none() | VALUES[kind])))
def test_a_value_is_written_as_feast_writes_it(drawn):
    kind, value = drawn
    message = stored(kind, value)
    assert encoded(kind, value) == (message.SerializeToString(), extract_text_and_num(message, False)[0])


def test_what_is_no_number_is_stored_as_no_value():
    assert encoded(pa.float64(), float("nan")) == encoded(pa.float64(), None) == (b"", None)
    assert stored(pa.float64(), float("nan")).SerializeToString() == b""


@pytest.mark.parametrize(
    ("written", "value", "declared", "expected"),
    [(pa.int64(), 7, pa.float64(), 7.0), (pa.float64(), 0.1, pa.float32(), 0.10000000149011612)],
)
def test_a_value_of_an_earlier_declaration_is_converted_as_arrow_does(written, value, declared, expected):
    content = stored(written, value).SerializeToString()
    assert decoded(content, declared, field_of(declared)) == expected


@given(st.sampled_from(["freelancer_id", "job_id", "client_id"]), TEXTS)
def test_keys_are_those_of_feast(key, name):
    entity = EntityKey(join_keys=[key], entity_values=[Value(string_val=name)])
    assert entity_key(key, name) == serialize_entity_key(entity, 3)
    assert (key_prefix(key), entity_of(entity_key(key, name))) == (serialize_entity_key_prefix([key], 3), name)


@given(TEXTS, TEXTS)
def test_fields_of_a_hash_are_those_of_feast(view, feature):
    assert hash_field(view, feature) == _mmh3(f"{view}:{feature}")
