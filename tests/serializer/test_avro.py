"""Which class, name and schema an event is written and read with."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from typing import Any, Self

import pytest

from eventy.errors import ConfigurationError, DecodeError, EncodeError, RegistryError, SchemaError
from eventy.event.base import BaseEvent
from eventy.event.generic import GenericEvent
from eventy.event.registry import Registry, on
from eventy.serializer.avro import AvroEventSerializer
from eventy.serializer.schema.schema import MAX_NESTING
from eventy.testing.conformance.schema_files import record, write

CREATE = "qotto.payment.command.CreatePayment"


class CreatePayment(BaseEvent):
    @classmethod
    def name(cls) -> str:
        return CREATE


class Misnamed(BaseEvent):
    """Registered under another name than it has, as in the original README."""

    @classmethod
    def name(cls) -> str:
        return "qotto.payment.command.Misnamed"


async def handler(event: BaseEvent) -> None:
    pass


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(
        tmp_path / "schemas",
        record(CREATE, id="string", amount="int"),
        record("qotto.payment.event.PaymentCreated", id="string"),
        record("qotto.contract.event.ContractSuspended", id="string"),
        record("qotto.contract.event.ContractActivated", id="string"),
        record("qotto.Node", next=["null", "Node"]),
    )


def serializer(folder: Path, *messages: Any) -> AvroEventSerializer:
    return AvroEventSerializer(registry=Registry(messages), schemas_folder=folder)


def decode_error(of: AvroEventSerializer, value: Any) -> str:
    with pytest.raises(DecodeError) as caught:
        of.decode(value)
    return str(caught.value)


# ---------------------------------------------------------------- there and back


def test_event_comes_back_as_its_class_with_its_data(folder: Path) -> None:
    avro = serializer(folder, CreatePayment)
    event = avro.decode(avro.encode(CreatePayment({"id": "p1", "amount": 12})))
    assert type(event) is CreatePayment
    assert event.data == {"id": "p1", "amount": 12}


def test_message_is_in_single_object_encoding(folder: Path) -> None:
    value = serializer(folder).encode(GenericEvent(CREATE, {"id": "p1", "amount": 12}))
    assert value[:2] == b"\xc3\x01"
    assert value[10:] == b"\x04p1\x18"
    assert AvroEventSerializer.content_type == "application/avro"


def test_known_schema_without_a_class_becomes_a_generic_event(folder: Path) -> None:
    avro = serializer(folder)
    event = avro.decode(avro.encode(CreatePayment({"id": "p1", "amount": 12})))
    assert type(event) is GenericEvent
    assert event.name() == CREATE


def test_first_registration_that_matches_wins_on_decode(folder: Path) -> None:
    avro = serializer(folder, on(r"qotto\.payment\..*", handler), CreatePayment)
    assert type(avro.decode(avro.encode(CreatePayment({"id": "p1", "amount": 12})))) is GenericEvent


def test_pattern_of_the_original_readme_registers_both_contract_events(folder: Path) -> None:
    class ContractEvent(GenericEvent):
        pass

    avro = serializer(folder)
    avro.register_event_class(ContractEvent, "qotto.contract.*.Contract[Suspended|Activated]")
    for name in ("qotto.contract.event.ContractSuspended", "qotto.contract.event.ContractActivated"):
        event = avro.decode(avro.encode(GenericEvent(name, {"id": "c1"})))
        assert type(event) is ContractEvent
        assert event.name() == name


def test_class_registered_later_is_used_from_then_on_and_kept_in_the_registry(folder: Path) -> None:
    registry = Registry()
    avro = AvroEventSerializer(registry=registry, schemas_folder=str(folder))
    value = avro.encode(CreatePayment({"id": "p1", "amount": 12}))
    avro.register_event_class(CreatePayment, CREATE)
    assert type(avro.decode(value)) is CreatePayment
    assert [registration.cls for registration in registry] == [CreatePayment]


def test_from_data_is_given_the_name_the_message_was_written_under(folder: Path) -> None:
    class Named(BaseEvent):
        @classmethod
        def from_data(cls, event_name: str, event_data: dict[str, Any]) -> Self:
            return cls({"was": event_name})

    avro = serializer(folder, on(CREATE, handler, cls=Named))
    assert avro.decode(avro.encode(CreatePayment({"id": "p1", "amount": 1}))).data == {"was": CREATE}


# ---------------------------------------------------------------- what can't be built


def test_other_encodings_are_refused(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="the encoding is 'confluent', but this version writes only 'single_"):
        AvroEventSerializer(registry=Registry(), schemas_folder=folder, encoding="confluent")


def test_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="set AVRO_SCHEMAS_FOLDER"):
        serializer(tmp_path / "nowhere")


def test_registration_without_a_schema_is_refused_with_the_closest_names(folder: Path) -> None:
    with pytest.raises(RegistryError) as caught:
        serializer(folder, on("qotto.payment.event.PaymentCraeted", handler, cls=Misnamed))
    text = str(caught.value)
    assert "Misnamed is registered for 'qotto.payment.event.PaymentCraeted', which matches no schema" in text
    assert f"{str(folder)!r} has 5 schemas (closest: 'qotto.payment.event.PaymentCreated')" in text
    assert "correct the name, or add the schema" in text


def test_refused_registration_is_not_kept(folder: Path) -> None:
    registry = Registry()
    avro = AvroEventSerializer(registry=registry, schemas_folder=folder)
    with pytest.raises(RegistryError, match="which matches no schema"):
        avro.register_event_class(CreatePayment, "qotto.nothing")
    assert not list(registry)


# ---------------------------------------------------------------- which schema is written


def test_event_is_written_under_its_own_name_even_if_registered_under_another(folder: Path) -> None:
    avro = serializer(folder, on("qotto.payment.event.PaymentCreated", handler, cls=CreatePayment))
    assert avro.name_of(CreatePayment({})) == CREATE


def test_class_whose_name_has_no_schema_is_written_as_what_it_is_registered_for(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    avro = serializer(folder, on(CREATE, handler, cls=Misnamed))
    with caplog.at_level(logging.INFO):
        values = {avro.encode(Misnamed({"id": "p1", "amount": 1})) for _ in range(3)}
    assert values == {avro.encode(CreatePayment({"id": "p1", "amount": 1}))}
    (line,) = caplog.messages
    assert line == (
        f"Misnamed is written as {CREATE}, for which it is registered: "
        "no schema has its name qotto.payment.command.Misnamed"
    )


def test_class_registered_for_several_schemas_and_named_like_none_is_ambiguous(folder: Path) -> None:
    avro = serializer(folder, on("qotto.contract.*", handler, cls=Misnamed))
    with pytest.raises(EncodeError) as caught:
        avro.encode(Misnamed({}))
    assert "is registered for 2, qotto.contract.event.ContractActivated, qotto.contract.event.Contract" in str(
        caught.value
    )
    assert "so which is meant is ambiguous: have name() return one of them" in str(caught.value)


def test_second_registration_makes_a_class_ambiguous_from_then_on(folder: Path) -> None:
    avro = serializer(folder, on(CREATE, handler, cls=Misnamed))
    assert avro.name_of(Misnamed({})) == CREATE
    avro.register_event_class(Misnamed, "qotto.payment.event.PaymentCreated")
    with pytest.raises(EncodeError, match="ambiguous"):
        avro.name_of(Misnamed({}))


def test_class_without_a_schema_is_refused_with_the_closest_names(folder: Path) -> None:
    with pytest.raises(EncodeError) as caught:
        serializer(folder).encode(Misnamed({}))
    text = str(caught.value)
    assert "Misnamed has the name 'qotto.payment.command.Misnamed', which no schema has" in text
    assert f"(closest: {CREATE!r}" in text
    assert "correct name(), add the schema, or register the class" in text


def test_generic_event_is_never_written_as_another_than_its_name(folder: Path) -> None:
    avro = serializer(folder, on(CREATE, handler))
    with pytest.raises(EncodeError, match=r"GenericEvent has the name 'qotto\.Unknown', which no schema has"):
        avro.encode(GenericEvent("qotto.Unknown", {"id": "p1", "amount": 1}))
    assert avro.name_of(GenericEvent("qotto.Node", {})) == "qotto.Node"


# ---------------------------------------------------------------- bytes that are no message


def test_fingerprint_of_no_known_schema_is_named(folder: Path) -> None:
    text = decode_error(serializer(folder), b"\xc3\x01" + b"\xab" * 8 + b"body")
    assert "a schema whose fingerprint is abababababababab, and none of the 5 in" in text
    assert "bring the folders of sender and receiver to the same version" in text


def test_message_of_an_older_schema_is_refused(folder: Path, tmp_path: Path) -> None:
    old = serializer(write(tmp_path / "old", record(CREATE, id="string")))
    assert "none of the 5" in decode_error(serializer(folder), old.encode(CreatePayment({"id": "p1"})))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"", "the message is empty, expected c3 01"),
        (b'{"id": 1}', "the message starts with b'{\"id\": 1', expected c3 01 (Avro's single-object encoding) or"),
        (b"\xc3\x01abc", "found 5 bytes; the fingerprint of the schema alone ends at 10: it was cut off"),
        (
            b"\x00\x00\x00\x00\x07body",
            "starts with 00 00 00 00 07, Confluent's encoding and the id of a schema in a regis",
        ),
        (None, "found NoneType, expected the bytes of a message: a tombstone has none"),
        (bytearray(b"\xc3\x01"), "found bytearray, expected the bytes of a message"),
        ("text", "found str, expected the bytes of a message"),
    ],
)
def test_bytes_that_are_no_message_are_told(folder: Path, value: Any, expected: str) -> None:
    assert expected in decode_error(serializer(folder), value)


@pytest.mark.parametrize("value", [b"", b"\x00garbage", b"\xc3\x01" + b"unknown!", b"Obj\x01", None])
def test_undecodable_message_shows_one_traceback_and_no_lookup_of_the_serializers(folder: Path, value: Any) -> None:
    with pytest.raises(DecodeError) as caught:
        serializer(folder).decode(value)
    assert "".join(traceback.format_exception(caught.value)).count("Traceback") == 1


def test_message_that_is_cut_off_shows_one_traceback(folder: Path) -> None:
    written = serializer(folder, CreatePayment)
    value = written.encode(CreatePayment({"id": "p", "amount": 1}))
    with pytest.raises(DecodeError) as caught:
        written.decode(value[:-2])
    assert "".join(traceback.format_exception(caught.value)).count("Traceback") == 1


def test_message_that_is_cut_off_is_refused(folder: Path) -> None:
    avro = serializer(folder)
    value = avro.encode(CreatePayment({"id": "p1", "amount": 12}))
    assert f"these bytes are no {CREATE} (EOFError" in decode_error(avro, value[:-1])


def test_bytes_after_the_record_are_refused(folder: Path) -> None:
    avro = serializer(folder)
    value = avro.encode(CreatePayment({"id": "p1", "amount": 12}))
    assert f"2 bytes follow the {CREATE}, though a message is one record" in decode_error(avro, value + b"!!")


def test_text_that_is_no_utf8_is_refused(folder: Path) -> None:
    avro = serializer(folder)
    value = avro.encode(CreatePayment({"id": "p1", "amount": 12}))
    assert "UnicodeDecodeError" in decode_error(avro, value.replace(b"p1", b"\xff\xff"))


def test_length_beyond_all_memory_is_refused(folder: Path) -> None:
    avro = serializer(folder)
    value = avro.encode(CreatePayment({"id": "p1", "amount": 12}))
    assert "EOFError" in decode_error(avro, value[:10] + b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01")


def test_message_nested_a_million_times_is_refused(folder: Path) -> None:
    avro = serializer(folder)
    value = avro.encode(GenericEvent("qotto.Node", {"next": None}))
    assert "RecursionError" in decode_error(avro, value[:10] + b"\x02" * 1_000_000 + b"\x00")


def test_data_nested_as_deep_as_may_be_is_read_again_and_deeper_data_is_not_written(folder: Path) -> None:
    avro = serializer(folder)

    def nested(levels: int) -> GenericEvent:
        data: dict[str, Any] = {"next": None}
        for _ in range(levels - 1):
            data = {"next": data}
        return GenericEvent("qotto.Node", data)

    assert avro.decode(avro.encode(nested(MAX_NESTING))).data == nested(MAX_NESTING).data
    with pytest.raises(EncodeError, match="nested deeper than 100 levels, so it couldn't be read again: flatten it"):
        avro.encode(nested(MAX_NESTING + 1))


def test_data_that_contains_itself_is_refused(folder: Path) -> None:
    data: dict[str, Any] = {}
    data["next"] = data
    with pytest.raises(EncodeError, match="nested deeper than 100 levels"):
        serializer(folder).encode(GenericEvent("qotto.Node", data))


def test_error_of_from_data_is_an_undecodable_message(folder: Path) -> None:
    class Strict(BaseEvent):
        @classmethod
        def from_data(cls, event_name: str, event_data: dict[str, Any]) -> Self:
            raise ValueError("amount must be positive")

    avro = serializer(folder, on(CREATE, handler, cls=Strict))
    value = avro.encode(CreatePayment({"id": "p1", "amount": -1}))
    with pytest.raises(DecodeError, match=r"Strict\.from_data doesn't take this .*amount must be positive") as caught:
        avro.decode(value)
    assert isinstance(caught.value.__cause__, ValueError)


def test_error_of_a_constructor_is_an_undecodable_message(folder: Path) -> None:
    class Strict(BaseEvent):
        def __init__(self, data: dict[str, Any]) -> None:
            super().__init__({"currency": data["currency"]})

    avro = serializer(folder, on(CREATE, handler, cls=Strict))
    value = avro.encode(CreatePayment({"id": "p1", "amount": 1}))
    assert f"Strict doesn't take this {CREATE} (KeyError('currency')): correct it" in decode_error(avro, value)


def test_event_whose_constructor_keeps_no_data_is_an_undecodable_message(folder: Path) -> None:
    class Bare(BaseEvent):
        def __init__(self, data: dict[str, Any]) -> None:
            self.amount = data["amount"]

    avro = serializer(folder, on(CREATE, handler, cls=Bare))
    value = avro.encode(CreatePayment({"id": "p1", "amount": 1}))
    assert "Bare made an event without data: call super().__init__(data) in its __init__" in decode_error(avro, value)


def test_from_data_that_returns_no_event_is_refused(folder: Path) -> None:
    class Forgetful(BaseEvent):
        @classmethod
        def from_data(cls, event_name: str, event_data: dict[str, Any]) -> Any:
            return None

    avro = serializer(folder, on(CREATE, handler, cls=Forgetful))
    value = avro.encode(CreatePayment({"id": "p1", "amount": -1}))
    assert "from_data returned NoneType, expected an event: return cls(…)" in decode_error(avro, value)


def test_registration_for_tombstones_is_none_of_the_serializers_business(folder: Path) -> None:
    avro = serializer(folder, on("payments$", handler, tombstones=True), on(CREATE, handler, tombstones=True))
    event = avro.decode(avro.encode(GenericEvent(CREATE, {"id": "p1", "amount": 1})))
    assert type(event) is GenericEvent
