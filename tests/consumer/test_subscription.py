"""Names and patterns of topics."""

import re

import pytest

from eventy.broker.memory import MemoryBroker
from eventy.clock import Clock
from eventy.consumer.memory import MemoryConsumer
from eventy.consumer.subscription import Subscription
from eventy.errors import ConfigurationError
from eventy.testing.conformance.serializer import JsonSerializer


def test_pattern_matches_a_topic_as_a_whole() -> None:
    subscription = Subscription.of([re.compile("contract|payment")])
    assert subscription.matches("contract")
    assert not subscription.matches("contracts")
    assert not subscription.matches("old-payment")


def test_pattern_means_neither_internal_topics_nor_dead_letters_but_a_name_means_whatever_it_says() -> None:
    topics = ["__consumer_offsets", "a-dlt", "a"]
    assert Subscription.of([re.compile(".*")]).among(topics) == ("a",)
    assert Subscription.of([re.compile(".*"), *topics]).among(topics) == ("__consumer_offsets", "a", "a-dlt")
    assert Subscription((), (re.compile(".*"),), excluded_suffix=".dead").among(["a-dlt", "a.dead"]) == ("a-dlt",)


def test_named_topics_are_read_even_if_they_are_not_there() -> None:
    assert Subscription.of(["b", "a", "b"]).among(["c"]) == ("a", "b")


def test_subscription_says_what_is_read() -> None:
    subscription = Subscription.of([re.compile("contract-.*"), "payment-commands"])
    assert str(subscription) == "payment-commands, topics like contract-.*"


def test_consumer_is_called_by_its_topics() -> None:
    consumer = MemoryConsumer(
        broker=MemoryBroker(clock=Clock()),
        serializer=JsonSerializer(),
        clock=Clock(),
        event_topics=["payment-commands", re.compile("contract-.*")],
        event_group="g",
        position="latest",
    )
    assert consumer.name == "consumer of payment-commands, topics like contract-.* (group g)"


@pytest.mark.parametrize("topic", ["contract-.*", "", "a b", "..", "a" * 250, "ä"])
def test_name_that_no_topic_can_have_is_refused_and_the_way_to_write_a_pattern_told(topic: str) -> None:
    with pytest.raises(ConfigurationError, match="can't be the name of a topic") as found:
        Subscription.of(["a", topic])
    assert f"re.compile({topic!r})" in str(found.value)


@pytest.mark.parametrize(
    ("topics", "message"),
    [
        ("a", "event_topics is 'a', expected a list"),
        (re.compile("a"), r"event_topics is re.compile\('a'\), expected a list"),
        ([], "expected a list of one topic or more"),
        ([1], r"event_topics has 1 \(int\), expected names of topics and compiled patterns"),
        ([re.compile(b"a")], "a pattern of bytes"),
    ],
)
def test_what_is_neither_a_name_nor_a_pattern_is_refused(topics: object, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Subscription.of(topics)  # type: ignore[arg-type]  # that's the point
