"""How a slice's sends are written."""

import pytest

from eventy.emitter.collection import Send
from eventy.errors import BrokerError
from eventy.handler.flush import flush
from eventy.message.record import ProducerRecord


class Paper:
    """A writer that keeps what is written, in the batches it came in."""

    def __init__(self) -> None:
        self.batches: list[list[bytes | None]] = []

    async def write(self, records: list[ProducerRecord]) -> None:
        self.batches.append([record.value for record in records])

    def is_transactional_with(self, broker: object) -> bool:
        return False


class Wall:
    """A writer that refuses."""

    async def write(self, records: list[ProducerRecord]) -> None:
        raise BrokerError("refused")

    def is_transactional_with(self, broker: object) -> bool:
        return False


def record(value: bytes) -> ProducerRecord:
    return ProducerRecord("topic", None, value, ())


async def test_sends_of_one_emitter_are_written_together_in_order() -> None:
    paper = Paper()
    await flush([Send(paper, record(b"1")), Send(paper, record(b"2"))])
    assert paper.batches == [[b"1", b"2"]]


async def test_order_is_kept_between_emitters() -> None:
    one, two = Paper(), Paper()
    await flush([Send(one, record(b"1")), Send(two, record(b"2")), Send(one, record(b"3"))])
    assert (one.batches, two.batches) == ([[b"1"], [b"3"]], [[b"2"]])


async def test_nothing_is_written_after_an_error() -> None:
    paper = Paper()
    with pytest.raises(BrokerError):
        await flush([Send(Wall(), record(b"1")), Send(paper, record(b"2"))])
    assert paper.batches == []
