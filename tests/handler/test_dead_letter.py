"""What a dead letter says, and that nothing keeps it from being written."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from eventy.broker.log import StoredRecord
from eventy.errors import DecodeError
from eventy.handler.dead_letter import dead_letter
from eventy.message.record import DeadLetter, Header, TopicPartition

LARGEST = 2**63 - 1


@dataclass(frozen=True)
class ClientRecord:
    """A record as the Kafka client has it, which knows what its timestamp is."""

    timestamp_type: int | None
    topic: str = "payments"
    partition: int = 7
    offset: int = 8_000_000_000
    timestamp: int = 1_700_000_000_123
    key: bytes | None = b"key"
    value: bytes | None = b"value"
    headers: Sequence[Header] = ()


class MuteError(Exception):
    """An error that can't even say what is wrong."""

    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


def record(
    key: bytes | None = b"key", value: bytes | None = b"value", headers: tuple[Header, ...] = ()
) -> StoredRecord:
    return StoredRecord("payments", 7, 8_000_000_000, 1_700_000_000_123, key, value, headers)


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    """Return an error with the traceback that raising it gives."""
    try:
        raise error from cause
    except type(error) as caught:
        return caught


def letter_of(error: BaseException, group: str | None = "billing") -> DeadLetter:
    return dead_letter(record(), error, group=group, suffix="-dlt")


def headers_of(letter: DeadLetter) -> dict[str, bytes]:
    return {name: value for name, value in letter.record.headers if value is not None}


def test_letter_goes_to_the_topic_with_the_suffix_and_knows_its_source() -> None:
    letter = letter_of(ValueError())
    assert letter.record.topic == "payments-dlt"
    assert letter.source == TopicPartition("payments", 7)


@pytest.mark.parametrize("key", [b"\xff\x00", b"", None])
@pytest.mark.parametrize("value", [b"\xfe\x00", b"", None])
def test_key_and_value_are_the_bytes_that_came(key: bytes | None, value: bytes | None) -> None:
    letter = dead_letter(record(key, value), ValueError(), group=None, suffix="-dlt")
    assert (letter.record.key, letter.record.value) == (key, value)


def test_headers_that_came_are_kept_in_order_with_their_duplicates() -> None:
    came = (("b", b"1"), ("a", b"\xff"), ("b", b"2"), ("kafka_other", b""))
    letter = dead_letter(record(headers=came), ValueError(), group=None, suffix="-dlt")
    assert letter.record.headers[:4] == came
    assert all(name.startswith("kafka_dlt-") for name, _ in letter.record.headers[4:])


def test_numbers_are_binary_as_spring_writes_them_and_the_rest_is_text() -> None:
    headers = headers_of(letter_of(ValueError("no such currency")))
    assert headers["kafka_dlt-original-topic"] == b"payments"
    assert struct.unpack(">i", headers["kafka_dlt-original-partition"]) == (7,)
    assert struct.unpack(">q", headers["kafka_dlt-original-offset"]) == (8_000_000_000,)
    assert struct.unpack(">q", headers["kafka_dlt-original-timestamp"]) == (1_700_000_000_123,)
    assert headers["kafka_dlt-original-consumer-group"] == b"billing"
    assert headers["kafka_dlt-exception-fqcn"] == b"builtins.ValueError"
    assert headers["kafka_dlt-exception-message"] == b"no such currency"


def test_numbers_at_their_limits_are_written() -> None:
    last = StoredRecord("payments", 2**31 - 1, LARGEST, -1, None, None)
    headers = headers_of(dead_letter(last, ValueError(), group=None, suffix="-dlt"))
    assert struct.unpack(">i", headers["kafka_dlt-original-partition"]) == (2**31 - 1,)
    assert struct.unpack(">q", headers["kafka_dlt-original-offset"]) == (LARGEST,)
    assert struct.unpack(">q", headers["kafka_dlt-original-timestamp"]) == (-1,)


@pytest.mark.parametrize(("kind", "text"), [(0, b"CreateTime"), (1, b"LogAppendTime"), (None, None), (-1, None)])
def test_kind_of_the_timestamp_is_told_when_it_is_known(kind: int | None, text: bytes | None) -> None:
    letter = dead_letter(ClientRecord(kind), ValueError(), group=None, suffix="-dlt")
    assert headers_of(letter).get("kafka_dlt-original-timestamp-type") == text
    assert "kafka_dlt-original-timestamp-type" not in headers_of(letter_of(ValueError()))


def test_without_a_group_none_is_named() -> None:
    assert "kafka_dlt-original-consumer-group" not in headers_of(letter_of(ValueError(), group=None))


def test_class_is_named_with_its_module_and_whatever_it_is_nested_in() -> None:
    class LocalError(DecodeError):
        pass

    name = headers_of(letter_of(LocalError()))["kafka_dlt-exception-fqcn"].decode()
    assert name == f"{__name__}.test_class_is_named_with_its_module_and_whatever_it_is_nested_in.<locals>.LocalError"


def test_cause_is_named_only_if_there_is_one() -> None:
    with_cause = headers_of(letter_of(raised(DecodeError("bad"), KeyError("k"))))
    assert with_cause["kafka_dlt-exception-fqcn"] == b"eventy.errors.DecodeError"
    assert with_cause["kafka_dlt-exception-cause-fqcn"] == b"builtins.KeyError"
    assert "kafka_dlt-exception-cause-fqcn" not in headers_of(letter_of(raised(DecodeError("bad"))))


def test_stacktrace_has_the_place_the_error_and_its_cause() -> None:
    trace = headers_of(letter_of(raised(ValueError("outer"), KeyError("inner"))))["kafka_dlt-exception-stacktrace"]
    assert trace.startswith(b"KeyError: 'inner'\n")
    assert f'File "{__file__}"'.encode() in trace
    assert trace.endswith(b"ValueError: outer\n")


def test_letter_that_dies_again_has_the_headers_of_its_last_death_only() -> None:
    first = dead_letter(record(headers=(("ce_id", b"m1"),)), raised(ValueError(), KeyError()), group="a", suffix="-dlt")
    came = StoredRecord("payments-dlt", 1, 5, 6, b"key", b"value", first.record.headers)
    second = dead_letter(came, TypeError("again"), group=None, suffix="-dlt")
    names = [name for name, _ in second.record.headers]
    headers = headers_of(second)
    assert second.record.topic == "payments-dlt-dlt"
    assert names[0] == "ce_id"
    assert len(names) == len(set(names))
    assert headers["kafka_dlt-original-topic"] == b"payments-dlt"
    assert struct.unpack(">q", headers["kafka_dlt-original-offset"]) == (5,)
    assert headers["kafka_dlt-exception-fqcn"] == b"builtins.TypeError"
    assert "kafka_dlt-original-consumer-group" not in headers
    assert "kafka_dlt-exception-cause-fqcn" not in headers


@pytest.mark.parametrize("length", [1_023, 1_024, 1_025, 1_000_000])
@pytest.mark.parametrize("letter", ["x", "é", "€", "😀", "\udcff"])
def test_long_message_keeps_its_beginning_in_whole_characters(length: int, letter: str) -> None:
    message = headers_of(letter_of(ValueError(letter * length)))["kafka_dlt-exception-message"]
    assert 1_016 <= len(message) <= 1_024
    text = message.decode()
    assert text.endswith("…") == (length * len(letter.encode("utf-8", "backslashreplace")) > 1_024)
    assert text.startswith(letter.encode("utf-8", "backslashreplace").decode())


@pytest.mark.parametrize("letter", ["x", "é", "€", "😀"])
def test_long_stacktrace_keeps_its_end_in_whole_characters(letter: str) -> None:
    trace = headers_of(letter_of(raised(ValueError(letter * 20_000 + " the end"))))["kafka_dlt-exception-stacktrace"]
    assert 8_186 <= len(trace) <= 8_192
    assert trace.decode().startswith("…" + letter)
    assert trace.endswith(letter.encode() + b" the end\n")


def test_short_stacktrace_is_whole() -> None:
    trace = headers_of(letter_of(raised(ValueError("short"))))["kafka_dlt-exception-stacktrace"]
    assert trace.startswith(b"Traceback (most recent call last):\n")


def test_half_characters_are_spelled_out() -> None:
    headers = headers_of(letter_of(raised(FileNotFoundError("caf\udce9.txt"))))
    assert headers["kafka_dlt-exception-message"] == b"caf\\udce9.txt"
    assert rb"caf\udce9.txt" in headers["kafka_dlt-exception-stacktrace"]


def test_error_that_cannot_say_what_is_wrong_is_a_letter_all_the_same() -> None:
    headers = headers_of(letter_of(raised(MuteError(), MuteError())))
    assert headers["kafka_dlt-exception-fqcn"].endswith(b".MuteError")
    assert headers["kafka_dlt-exception-message"] == b"<not to be had: builtins.RuntimeError>"
    assert b".MuteError: <exception str() failed>" in headers["kafka_dlt-exception-stacktrace"]


def test_error_that_cannot_be_formatted_is_a_letter_all_the_same() -> None:
    error = SyntaxError("bad")
    error.lineno, error.text, error.offset = 1, "x", "nowhere"  # type: ignore[assignment]  # a user may do so
    headers = headers_of(letter_of(raised(error)))
    assert headers["kafka_dlt-exception-fqcn"] == b"builtins.SyntaxError"
    assert headers["kafka_dlt-exception-stacktrace"]


def test_errors_that_cause_each_other_and_groups_of_errors_are_told() -> None:
    one, other = ValueError("one"), KeyError("other")
    one.__cause__, other.__cause__ = other, one
    headers = headers_of(letter_of(BaseExceptionGroup("several", [one, raised(MuteError())])))
    assert headers["kafka_dlt-exception-message"] == b"several (2 sub-exceptions)"
    assert b"ValueError: one" in headers["kafka_dlt-exception-stacktrace"]


def test_what_only_ends_a_process_is_told_like_any_error() -> None:
    assert headers_of(letter_of(SystemExit(3)))["kafka_dlt-exception-fqcn"] == b"builtins.SystemExit"
