"""Records off a batch: what the client itself would make of them, and its errors."""

import random
from collections.abc import Iterable

import pytest
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from aiokafka.record.util import encode_varint

from eventy.broker.kafka.layouts import MOST, Layouts
from eventy.broker.kafka.records import FetchedRecord, read_records
from eventy.message.record import Header, Identity, TopicPartition

PARTITION = TopicPartition("topic", 3)
CODECS = {"uncompressed": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
# Kafka's record format: where a batch has its attributes, and the bit that says that the broker gave the times.
ATTRIBUTES_AT, LOG_APPEND_TIME = 22, 0x08


def batch_of(*records: tuple[int, bytes | None, bytes | None, list[Header]], codec: int = 0) -> bytearray:
    """Return a batch as the client writes it: a time in ms, a key, a value and headers for each record."""
    builder = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, -1, 10_000_000)
    for number, (time, key, value, headers) in enumerate(records):
        assert builder.append(number, time, key, value, headers) is not None
    batch: bytearray = builder.build()
    return batch


def read(batch: bytes | bytearray) -> list[FetchedRecord]:
    return list(read_records(DefaultRecordBatch(bytes(batch)), memoryview(batch), PARTITION))


def read_by_client(batch: bytes | bytearray) -> list[tuple[object, ...]]:
    made = DefaultRecordBatch(bytes(batch))
    return [(one.offset, one.timestamp, one.key, one.value, tuple(one.headers)) for one in made]


def seen(records: Iterable[FetchedRecord]) -> list[tuple[object, ...]]:
    return [(one.offset, one.timestamp, one.key, one.value, one.headers) for one in records]


def any_bytes(chance: random.Random, most: int) -> bytes | None:
    return None if chance.random() < 0.2 else chance.randbytes(chance.randrange(most))


def any_header(chance: random.Random) -> Header:
    name = "".join(chance.choice("abcé☃") for _ in range(chance.choice([0, 1, 63, 64, 200])))
    return name, any_bytes(chance, 100)


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS.keys())
@pytest.mark.parametrize("seed", range(5))
def test_records_are_those_that_the_client_reads(codec: int, seed: int) -> None:
    chance = random.Random(seed)
    batch = batch_of(
        *(
            (
                1_700_000_000_000 + chance.randrange(-100_000, 100_000),
                any_bytes(chance, 100),
                any_bytes(chance, chance.choice([1, 50, 5_000])),
                [any_header(chance) for _ in range(chance.choice([0, 0, 1, 7, 200]))],
            )
            for _ in range(50)
        ),
        codec=codec,
    )
    records = read(batch)
    assert seen(records) == read_by_client(batch)
    assert {(one.topic, one.partition) for one in records} == {PARTITION}


def in_headers(record: FetchedRecord) -> Identity:
    found = dict(record.headers)
    return Identity(*(found.get(name) for name in ("ce_id", "ce_correlationid", "ce_causationid", "traceparent")))


@pytest.mark.parametrize("seed", range(5))
def test_identity_is_what_the_headers_say_whatever_the_records_before_were(seed: int) -> None:
    chance = random.Random(seed)
    names = ["ce_id", "ce_correlationid", "ce_causationid", "traceparent", "ce_time", "ce_type", "other", "ce_i"]

    def header() -> Header:
        # Short, so that many records are of one size, and values that could be taken for names.
        return chance.choice(names), chance.choice([None, b"", b"a", b"b", b"c", b"\x0ace_id", b"\x02a"])

    of_each = [[header() for _ in range(chance.randrange(6))] for _ in range(5_000)]
    records = read(batch_of(*((0, None, b"v", headers) for headers in of_each)))
    assert [record.identity() for record in records] == [in_headers(record) for record in records]
    assert {None, b"a"} <= {record.identity().message_id for record in records}


def test_identity_is_found_where_it_was_in_a_record_of_the_same_shape() -> None:
    def headers(number: int) -> list[Header]:
        return [("ce_type", b"t"), ("ce_id", b"%03d" % number), ("ce_time", b"%03d" % (number * 7))]

    first, *others = read(batch_of(*((0, None, b"v", headers(number)) for number in range(100))))
    layouts = Layouts()
    assert layouts.identity(first.raw_headers) is None
    assert layouts.learn(first.raw_headers, first.spans()) == Identity(b"000", None, None, None)
    for number, record in enumerate(others, 1):
        assert layouts.identity(record.raw_headers) == Identity(b"%03d" % number, None, None, None)


def test_forged_shapes_do_not_pile_up() -> None:
    layouts = Layouts()
    one_of_each_size: list[list[Header]] = [[("ce_id", b"x" * size)] for size in range(2_000)]
    records = read(batch_of(*((0, None, b"v", headers) for headers in one_of_each_size)))
    for size, record in enumerate(records):
        assert layouts.learn(record.raw_headers, record.spans()).message_id == b"x" * size
    assert len(layouts) <= MOST


def test_headers_longer_than_the_quick_way_takes_are_read() -> None:
    headers: list[Header] = [("name", b"x" * 10_000), ("none", None)]
    (record,) = read(batch_of((0, b"k", b"v", headers)))
    assert list(record.headers) == headers


def test_times_are_the_brokers_where_its_topic_says_so() -> None:
    batch = batch_of((1_000, None, b"a", []), (2_000, None, b"b", []))
    batch[ATTRIBUTES_AT] |= LOG_APPEND_TIME
    assert [record.timestamp for record in read(batch)] == [2_000, 2_000]
    assert seen(read(batch)) == read_by_client(batch)


def test_name_that_is_no_utf8_is_replaced() -> None:
    batch = batch_of((0, b"k", b"v", [("naXme", b"1"), ("other", b"2")]))
    at = batch.index(b"naXme")
    batch[at + 2] = 0xFF
    (record,) = read(batch)
    assert record.headers == (("na\ufffdme", b"1"), ("other", b"2"))


@pytest.mark.parametrize("damage", [0x7E, 0x01, 0xFF], ids=["too long", "negative", "endless"])
def test_headers_after_a_damaged_one_are_left_out_with_a_warning(damage: int, caplog: pytest.LogCaptureFixture) -> None:
    batch = batch_of((0, b"k", b"v", [("a", b"1"), ("damaged", b"2"), ("c", b"3")]))
    batch[batch.index(b"damaged") - 1] = damage
    (record,) = read(batch)
    assert (record.key, record.value) == (b"k", b"v")
    assert record.headers[:1] == (("a", b"1"),)
    assert ("c", b"3") not in record.headers
    assert "topic[3] offset 0: not all of its headers can be read" in caplog.text


def test_batch_that_is_cut_off_or_too_long_is_an_error_as_the_clients() -> None:
    batch = batch_of((0, b"key", b"value", [("a", b"1")]))
    for damaged in (batch[:-1], batch[:-6], batch + b"\0", batch[:62]):
        with pytest.raises(CorruptRecordException):
            read(damaged)


def varint(number: int) -> bytes:
    written = bytearray()
    encode_varint(number, written.append)
    return bytes(written)


@pytest.mark.parametrize("size", [1 << 14, 1 << 31, 1 << 44, 1 << 62, (1 << 63) - 100, (1 << 63) - 1, -(1 << 63)])
def test_sizes_beyond_all_bounds_are_damage_like_any_other(size: int, caplog: pytest.LogCaptureFixture) -> None:
    wrong, head = varint(size), bytes(batch_of((0, b"k", b"v", [])))[:61]

    def batch(fields: bytes) -> bytes:
        return head + varint(len(fields)) + fields

    begin, key, value = b"\0\0\0", b"\2k", b"\2v"
    broken = [head + wrong + begin + key + value + b"\0", batch(begin + wrong + b"k" + value + b"\0")]
    broken.append(batch(begin + key + wrong + b"v\0"))
    for damaged in broken if size > 0 else broken[:1]:  # a negative size is that of nothing
        with pytest.raises(CorruptRecordException):
            read(damaged)
    for headers in (wrong, b"\2" + wrong + b"a\2b", b"\2\2a" + wrong + b"b"):
        (record,) = read(batch(begin + key + value + headers))
        assert record.headers in ((), (("a", None),))
        assert not record.identity().message_id
    assert "not all of its headers can be read" in caplog.text


def test_damage_anywhere_raises_nothing_else() -> None:
    chance = random.Random(7)
    batch = batch_of(*((n, b"key%d" % n, b"value", [("a", b"1"), ("b", None)]) for n in range(5)))
    for _ in range(3_000):
        damaged = bytearray(batch)
        for _ in range(chance.randrange(1, 4)):
            damaged[chance.randrange(61, len(damaged))] = chance.randrange(256)
        try:
            for record in read(damaged):
                assert isinstance(record.headers, tuple)
        except CorruptRecordException:
            pass
