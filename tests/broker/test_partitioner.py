"""Keys go where every Kafka client sends them."""

import random

import pytest
from aiokafka.partitioner import murmur2 as murmur2_of_the_client

from eventy.broker.partitioner import murmur2, partition_of

# From the Java client's own test, org.apache.kafka.common.utils.UtilsTest.testMurmur2.
OF_JAVA = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


@pytest.mark.parametrize(("key", "hashed"), OF_JAVA.items())
def test_hash_is_that_of_the_java_client(key: bytes, hashed: int) -> None:
    assert murmur2(key) == hashed & 0xFFFFFFFF


def test_hash_is_that_of_the_python_client_for_any_bytes() -> None:
    chance = random.Random(1)
    for length in range(200):
        key = chance.randbytes(length)
        assert murmur2(key) == murmur2_of_the_client(key) & 0xFFFFFFFF


def test_partition_is_one_of_those_there_are() -> None:
    found = {partition_of(str(number).encode(), 5) for number in range(500)}
    assert found == {0, 1, 2, 3, 4}
