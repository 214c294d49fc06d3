"""What a handler is told."""

from typing import Any

from eventy.broker.log import StoredRecord
from eventy.message.context import Context
from eventy.message.record import Header, ProducerRecord, TopicPartition


def record(*headers: Header) -> StoredRecord:
    return StoredRecord("topic", 2, 7, 1_000, b"key", b"value", headers)


def test_ids_come_from_the_headers() -> None:
    context = Context(record(("ce_id", b"m"), ("ce_correlationid", b"c"), ("ce_causationid", b"before")), 3)
    assert (context.message_id, context.corr_id, context.causation_id) == ("m", "c", "before")
    assert context.attempt == 3


def test_place_stands_in_for_an_id() -> None:
    assert Context(record()).message_id == "topic-2-7"
    assert Context(record(("ce_id", b""))).message_id == "topic-2-7"


def test_correlation_id_is_found_in_the_data() -> None:
    assert Context(record(("ce_id", b"m")), data={"correlation_id": "order-1"}).corr_id == "order-1"


def test_message_starts_a_correlation_of_its_own() -> None:
    nothing_in_it: tuple[Any, ...] = (
        {}, {"correlation_id": None}, {"correlation_id": ""}, {"correlation_id": 3}, None, ["a list"]
    )  # fmt: skip
    for data in nothing_in_it:
        assert Context(record(("ce_id", b"m")), data=data).corr_id == "m"


def test_header_without_a_value_does_no_harm() -> None:
    nothing: Any = None  # as the Kafka client hands it out
    assert Context(record(("ce_id", nothing), ("ce_correlationid", nothing))).message_id == "topic-2-7"


def test_last_header_of_a_name_counts() -> None:
    assert Context(record(("ce_id", b"first"), ("ce_id", b"last"))).message_id == "last"


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert Context(record(("ce_id", b"a\xff"))).message_id == "a\ufffd"


def test_record_is_at_hand() -> None:
    context = Context(record(("other", b"1")))
    assert (context.topic, context.partition, context.offset, context.key) == ("topic", 2, 7, b"key")
    assert context.timestamp == 1_000
    assert list(context.headers) == [("other", b"1")]
    assert "topic[2]@7" in repr(context)


def test_size_of_a_record_is_its_key_value_and_headers() -> None:
    assert ProducerRecord("topic", None, b"1234", ()).size() == 4
    assert ProducerRecord("topic", b"key", b"1234", (("é", b"56"),)).size() == 11


def test_partition_is_written_as_people_write_it() -> None:
    assert str(TopicPartition("topic", 3)) == "topic[3]"


def test_id_that_is_no_id_is_cut() -> None:
    assert len(Context(record(("ce_correlationid", b"c" * 1_000_000))).corr_id) == 1_024
