"""Records on their way to the broker."""

from eventy.message.record import ProducerRecord


def test_size_counts_key_value_and_headers_and_null_is_nothing() -> None:
    headers = (("é", b"12"), ("n", None))
    assert ProducerRecord("topic", b"key", b"value", headers).size() == 3 + 5 + 2 + 2 + 1
    assert ProducerRecord("topic", None, None, ()).size() == 0
