"""What is held back, and the ids it gets."""

from collections.abc import Mapping
from types import MappingProxyType

import pytest

from eventy.broker.log import StoredRecord
from eventy.emitter.collection import Collection, Terms
from eventy.errors import SendError
from eventy.message.context import Context
from eventy.message.record import ProducerRecord


class Nowhere:
    def __init__(self, broker: str = "its own") -> None:
        self._broker = broker

    async def write(self, records: list[ProducerRecord]) -> None:
        raise AssertionError("nothing is written before the handler has returned")

    def is_transactional_with(self, broker: object) -> bool:
        return broker == self._broker


def collection(group: str = "g", offset: int = 0) -> Collection:
    return Collection(StoredRecord("topic", 0, offset, 0, None, b""), Terms(group))


def ids(collection: Collection, *sends: tuple[str, str]) -> list[str]:
    found = []
    for destination, name in sends:
        found.append(collection.next(destination, name)[0])
        collection.add(Nowhere(), ProducerRecord(destination, None, b"", ()))
    return found


@pytest.mark.parametrize("data", [None, {}, {"correlation_id": "c"}, MappingProxyType({"correlation_id": "c"})])
def test_collection_sets_all_that_a_context_does(data: Mapping[str, object] | None) -> None:
    message = StoredRecord("topic", 0, 7, 0, None, b"")
    context = vars(Context(message, 3, is_replaying=True, data=data))
    held = vars(Collection(message, Terms("g"), 3, True, data))
    assert context.items() <= held.items()


@pytest.mark.parametrize("corr_id", ["c", "", None, 7, ["c"]])
def test_correlation_id_of_a_collection_is_that_of_a_context(corr_id: object) -> None:
    message, data = StoredRecord("topic", 0, 7, 0, None, b""), {"correlation_id": corr_id}
    assert Collection(message, Terms("g"), data=data).corr_id == Context(message, data=data).corr_id


def test_same_sends_of_the_same_message_have_the_same_ids() -> None:
    assert ids(collection(), ("out", "A"), ("out", "B")) == ids(collection(), ("out", "A"), ("out", "B"))


def test_every_send_has_its_own_id() -> None:
    assert len(set(ids(collection(), ("out", "A"), ("out", "A"), ("other", "A"), ("out", "B")))) == 4


def test_groups_messages_topics_and_names_make_a_difference() -> None:
    found = [
        ids(one, send)[0]
        for one, send in [
            (collection(), ("out", "A")),
            (collection("h"), ("out", "A")),
            (collection(offset=1), ("out", "A")),
            (collection(), ("other", "A")),
            (collection(), ("out", "B")),
        ]
    ]
    assert len(set(found)) == 5


def test_closed_collection_names_the_send_and_the_message() -> None:
    closed = collection()
    closed.is_closed = True
    with pytest.raises(SendError, match=r"A was sent to out .*topic-0-0"):
        closed.next("out", "A")


def test_send_that_can_not_be_part_of_the_transaction_is_an_error_of_its_handler() -> None:
    message = StoredRecord("topic", 0, 7, 0, None, b"")
    record = ProducerRecord("out", None, b"", ())
    terms = Terms("g", "its own")
    Collection(message, terms).add(Nowhere("its own"), record)
    with pytest.raises(SendError, match=r"Nowhere can't take part in the transaction of message topic-0-7"):
        Collection(message, terms).add(Nowhere("another"), record)
