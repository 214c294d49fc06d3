"""What data an event may have, and what is added to it."""

from __future__ import annotations

import copy
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest

from eventy.errors import EncodeError
from eventy.event.generic import GenericEvent
from eventy.event.registry import Registry
from eventy.serializer.avro import AvroEventSerializer
from eventy.testing.conformance.schema_files import record, write

Json = dict[str, Any]
TIMESTAMP = {"type": "long", "logicalType": "timestamp-millis"}
MOMENT = datetime(2023, 11, 14, 22, 13, 20, 123000, tzinfo=UTC)
MOMENT_MS = 1_700_000_000_123


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "schemas"


def avro_of(folder: Path, definition: Json) -> AvroEventSerializer:
    return AvroEventSerializer(registry=Registry(), schemas_folder=write(folder, definition))


def error_of(folder: Path, definition: Json, data: Any, **arguments: Any) -> str:
    avro = avro_of(folder, definition)
    with pytest.raises(EncodeError) as caught:
        avro.encode(GenericEvent("a.A", data), **arguments)
    return str(caught.value)


def written(folder: Path, definition: Json, data: Any, **arguments: Any) -> Json:
    avro = avro_of(folder, definition)
    return avro.decode(avro.encode(GenericEvent("a.A", data), **arguments)).data


# ---------------------------------------------------------------- what is added


def test_automatic_fields_are_added_when_the_data_has_none(folder: Path) -> None:
    schema = record("a.A", id="string", schema_version="string", event_timestamp="long", correlation_id="string")
    assert written(folder, schema, {"id": "1"}, corr_id="c1", timestamp=MOMENT_MS) == {
        "id": "1",
        "schema_version": "0.0.0",
        "event_timestamp": MOMENT_MS,
        "correlation_id": "c1",
    }


def test_automatic_fields_of_the_data_are_kept(folder: Path) -> None:
    schema = record("a.A", schema_version="string", event_timestamp="long", correlation_id="string")
    data = {"schema_version": "2.1.0", "event_timestamp": 1, "correlation_id": "mine"}
    assert written(folder, schema, data, corr_id="c1", timestamp=MOMENT_MS) == data


def test_automatic_fields_that_the_schema_has_not_are_not_added(folder: Path) -> None:
    assert written(folder, record("a.A", id="string"), {"id": "1"}, corr_id="c1", timestamp=1) == {"id": "1"}


def test_data_of_the_event_is_left_as_it_is(folder: Path) -> None:
    schema = record(
        "a.A", correlation_id="string", at=TIMESTAMP, inner=record("In", xs={"type": "array", "items": "int"})
    )
    data = {"at": MOMENT, "inner": {"xs": [1]}}
    before = copy.deepcopy(data)
    written(folder, schema, data, corr_id="c1")
    assert data == before


@pytest.mark.parametrize("logical_type", ["timestamp-millis", "timestamp-micros"])
def test_event_timestamp_counts_in_the_unit_of_its_logical_type(folder: Path, logical_type: str) -> None:
    schema = record("a.A", event_timestamp=["null", {"type": "long", "logicalType": logical_type}])
    assert written(folder, schema, {}, timestamp=MOMENT_MS) == {"event_timestamp": MOMENT}


def test_default_stands_in_for_an_automatic_field_that_is_not_given(folder: Path) -> None:
    schema = record("a.A", correlation_id=["null", "string"])
    schema["fields"][0]["default"] = None
    assert written(folder, schema, {}) == {"correlation_id": None}
    assert written(folder / "given", {**schema, "name": "a.A"}, {}, corr_id="c1") == {"correlation_id": "c1"}


@pytest.mark.parametrize(
    ("field", "kind", "argument"), [("correlation_id", "string", "corr_id"), ("event_timestamp", "long", "timestamp")]
)
def test_automatic_field_without_value_and_default_is_refused(
    folder: Path, field: str, kind: str, argument: str
) -> None:
    text = error_of(folder, record("a.A", **{field: kind}), {})
    assert f"{field} is missing: put it in the event's data, pass {argument} to encode(), or give the schema a" in text


# ---------------------------------------------------------------- what fits


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("null", None),
        ("boolean", True),
        ("int", -(2**31)),
        ("long", 2**63 - 1),
        ("double", 3),
        ("double", 0.5),
        ("bytes", b"\x00"),
        (TIMESTAMP, MOMENT),
        ({"type": "int", "logicalType": "date"}, date(2024, 2, 29)),
        ({"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2}, Decimal("12.34")),
        ({"type": "string", "logicalType": "uuid"}, UUID(int=1)),
        ({"type": "enum", "name": "E", "symbols": ["X", "Y"]}, "Y"),
        ({"type": "fixed", "name": "F", "size": 2}, b"ab"),
        ({"type": "array", "items": "int"}, [1, 2]),
        ({"type": "map", "values": {"type": "array", "items": "long"}}, {"a": [1], "b": []}),
        (["null", "string", record("In", x="int")], {"x": 1}),
        ({"type": "array", "items": record("In", x="int")}, [{"x": 1}, {"x": 2}]),
    ],
)
def test_value_of_the_type_comes_back(folder: Path, kind: Any, value: Any) -> None:
    assert written(folder, record("a.A", x=kind), {"x": value}) == {"x": value}


def test_values_like_the_type_are_taken_too(folder: Path) -> None:
    uuid = {"type": "string", "logicalType": "uuid"}
    schema = record(
        "a.A", xs={"type": "array", "items": "int"}, m={"type": "map", "values": "long"}, at=TIMESTAMP, u=uuid
    )
    data = MappingProxyType({"xs": (1, 2), "m": MappingProxyType({"a": 1}), "at": MOMENT_MS, "u": str(UUID(int=1))})
    assert written(folder, schema, data) == {"xs": [1, 2], "m": {"a": 1}, "at": MOMENT, "u": UUID(int=1)}


def test_missing_field_is_filled_from_its_default(folder: Path) -> None:
    schema = record("a.A", x="int")
    schema["fields"][0]["default"] = 7
    assert written(folder, schema, {}) == {"x": 7}


def test_branch_of_a_union_may_be_named(folder: Path) -> None:
    schema = record("a.A", x=[record("B", y="int"), record("C", y="int")], next=["null", "a.A"])
    assert written(folder, schema, {"x": ("a.C", {"y": 1}), "next": None}) == {"x": {"y": 1}, "next": None}


# ---------------------------------------------------------------- what doesn't


ITEM = record("Item", amount="long", tag=["null", "string"])
ITEMS = {"type": "array", "items": ITEM}


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("int", 3.7, "x is 3.7 (float), expected int (32 bits, signed): correct the event's data"),
        ("int", True, "x is True (bool), expected int"),
        ("int", "3", "x is '3' (str), expected int"),
        ("int", 2**31, "x is 2147483648 (int), expected int (32 bits, signed)"),
        ("long", 2**63, "x is 9223372036854775808 (int), expected long (64 bits, signed)"),
        ("long", 3.7, "x is 3.7 (float), expected long"),
        ("boolean", "yes", "x is 'yes' (str), expected boolean"),
        ("null", 0, "x is 0 (int), expected null"),
        ("double", "0.5", "x is '0.5' (str), expected double"),
        ("string", None, "x is None (NoneType), expected string"),
        ("string", b"x", "x is b'x' (bytes), expected string"),
        ("bytes", "x", "x is 'x' (str), expected bytes"),
        (TIMESTAMP, "today", "x is 'today' (str), expected long (timestamp-millis)"),
        (TIMESTAMP, MOMENT_MS * 1000, "x is 1700000000123000 (int), expected long (timestamp-millis)"),
        (
            ["null", TIMESTAMP],
            MOMENT_MS * 1000,
            "x is 1700000000123000 (int), expected null or long (timestamp-millis)",
        ),
        (TIMESTAMP, 0.5, "x is 0.5 (float), expected long (timestamp-millis)"),
        ({"type": "string", "logicalType": "uuid"}, "u1", "x is 'u1' (str), expected string (uuid)"),
        ({"type": "enum", "name": "E", "symbols": ["X", "Y"]}, "Z", "x is 'Z' (str), expected one of X, Y"),
        ({"type": "fixed", "name": "F", "size": 2}, b"a", "x is b'a' (bytes), expected 2 bytes"),
        ({"type": "array", "items": "string"}, "ab", "x is 'ab' (str), expected array"),
        ({"type": "array", "items": "string"}, {"a"}, "x is {'a'} (set), expected array"),
        ({"type": "map", "values": "int"}, {1: 1}, "x is {1: 1} (dict), expected map"),
        ({"type": "map", "values": "int"}, {"a": "1"}, "x['a'] is '1' (str), expected int"),
        (["null", "int"], "1", "x is '1' (str), expected null or int"),
        (
            ITEMS,
            [{"amount": 1, "tag": None}, {"amount": 0.5, "tag": None}],
            "x[1].amount is 0.5 (float), expected long",
        ),
        (ITEMS, [{"amount": 1}], "x[0].tag is missing: put it in the event's data, or give the schema a default"),
        (ITEMS, [{"amuont": 1}], "x[0].amuont is no field of a.Item (closest: 'amount'): correct or remove it"),
        (ITEMS, [("amount", 1)], "x[0] is ('amount', 1) (tuple), expected record a.Item"),
        (["null", ITEM], {"amount": "1", "tag": None}, "x.amount is '1' (str), expected long"),
        (["null", "string", ITEM], 3, "x is 3 (int), expected null or string or record a.Item"),
    ],
)
def test_value_that_does_not_fit_is_refused(folder: Path, kind: Any, value: Any, expected: str) -> None:
    text = error_of(folder, record("a.A", x=kind), {"x": value})
    assert text.startswith(f"a.A doesn't fit its schema ({folder / '1.avsc'}): ")
    assert expected in text


def test_field_that_the_schema_has_not_is_refused_as_it_would_be_lost(folder: Path) -> None:
    text = error_of(folder, record("a.A", amount="int"), {"amount": 1, "amonut": 2})
    assert "amonut is no field of a.A (closest: 'amount'): correct or remove it" in text


@pytest.mark.parametrize("data", [None, [("x", 1)], "x"])
def test_data_that_is_no_mapping_is_refused(folder: Path, data: Any) -> None:
    text = error_of(folder, record("a.A", x="int", correlation_id="string"), data)
    assert f"the data is {data!r} ({type(data).__qualname__}), expected record a.A" in text


def test_timestamp_beyond_all_time_is_refused(folder: Path) -> None:
    text = error_of(folder, record("a.A", event_timestamp=TIMESTAMP), {}, timestamp=MOMENT_MS * 1_000_000)
    assert "a.A can't have the timestamp 1700000000123000000: expected ms since 1970-01-01T00:00Z" in text
