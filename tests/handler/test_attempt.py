"""One attempt at a message."""

import pytest

from eventy.broker.log import StoredRecord
from eventy.emitter.collection import collecting
from eventy.errors import DecodeError, SchemaNotLoaded
from eventy.event.base import BaseEvent
from eventy.event.tombstone import Tombstone
from eventy.handler.attempt import Attempt, Disposition
from eventy.message.context import Context
from eventy.message.record import Header
from eventy.testing.conformance.serializer import JsonSerializer, encoded


class FarSchema(JsonSerializer):
    """A serializer that must fetch its schema first."""

    def __init__(self) -> None:
        self.loaded: list[object] = []

    def decode(self, value: bytes) -> BaseEvent:
        if not self.loaded:
            raise SchemaNotLoaded(7)
        return super().decode(value)

    async def load(self, reference: object) -> None:
        self.loaded.append(reference)


class Seen:
    """A handler that keeps what it sees."""

    def __init__(self) -> None:
        self.calls: list[tuple[BaseEvent, Context]] = []

    async def __call__(self, event: BaseEvent, context: Context) -> None:
        assert collecting.get() is not None
        self.calls.append((event, context))


def record(value: bytes | None, *headers: Header) -> StoredRecord:
    return StoredRecord("topic", 0, 0, 0, None, value, headers)


async def test_schema_is_fetched_once_and_the_message_decoded_again() -> None:
    serializer, seen = FarSchema(), Seen()
    attempt = Attempt(serializer, seen, None, "g")
    await attempt(record(encoded(1)), 1)
    await attempt(record(encoded(2)), 1)
    assert serializer.loaded == [7]
    assert [event.data["n"] for event, _ in seen.calls] == [1, 2]


async def test_tombstone_is_an_event_without_data_by_the_name_of_its_topic_or_header() -> None:
    seen = Seen()
    attempt = Attempt(JsonSerializer(), seen, None, None)
    await attempt(record(None), 1)
    await attempt(record(None, ("ce_type", b"payment.Created")), 1)
    await attempt(record(None, ("ce_type", b"")), 1)
    await attempt(record(None, ("ce_type", b"\xffpayment")), 1)
    assert [type(event) for event, _ in seen.calls] == [Tombstone] * 4
    assert [event.name() for event, _ in seen.calls] == ["topic", "payment.Created", "topic", "\ufffdpayment"]
    assert [event.data for event, _ in seen.calls] == [{}] * 4


async def test_tombstone_that_is_passed_over_is_told_and_others_are_not() -> None:
    told: list[str] = []

    async def pass_over(event: BaseEvent, context: Context) -> Disposition:
        return Disposition.PASSED_OVER

    passing = Attempt(JsonSerializer(), pass_over, None, None, passed_over=lambda: told.append("tombstone"))
    assert not await passing(record(encoded()), 1)
    handling = Attempt(JsonSerializer(), Seen(), None, None, passed_over=lambda: told.append("handled"))
    assert not await handling(record(None), 1)
    assert told == []
    assert not await passing(record(None), 1)
    assert told == ["tombstone"]


async def test_bytes_that_are_no_message_reach_no_handler() -> None:
    seen = Seen()
    with pytest.raises(DecodeError):
        await Attempt(JsonSerializer(), seen, None, None)(record(b"garbage"), 1)
    assert not seen.calls


async def test_number_of_the_attempt_is_told() -> None:
    seen = Seen()
    await Attempt(JsonSerializer(), seen, None, None)(record(encoded()), 3)
    assert seen.calls[0][1].attempt == 3


async def test_nothing_is_collected_outside_an_attempt() -> None:
    async def fail(event: BaseEvent, context: Context) -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await Attempt(JsonSerializer(), fail, None, None)(record(encoded()), 1)
    assert collecting.get() is None
