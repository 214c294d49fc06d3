"""What can be set for a consumer."""

from typing import Any

import pytest

from eventy.broker.memory import MemoryBroker
from eventy.clock import Clock
from eventy.consumer.memory import MemoryConsumer
from eventy.consumer.options import ConsumerOptions
from eventy.errors import ConfigurationError
from eventy.testing.conformance.serializer import JsonSerializer


def consumer(**arguments: Any) -> MemoryConsumer:
    given = {"event_topics": ["topic"], "event_group": "g", "position": "latest", **arguments}
    return MemoryConsumer(broker=MemoryBroker(clock=Clock()), serializer=JsonSerializer(), clock=Clock(), **given)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("max_retries", -1),
        ("retry_interval", -1),
        ("retry_backoff_coeff", 0.5),
        ("retry_backoff_coeff", float("nan")),
        ("retry_max_interval", -1),
        ("retry_max_interval", 2**31),
        ("slice_messages", 0),
        ("slice_messages", 1_000_001),
        ("slice_time", 0),
        ("retry_jitter", 1.1),
        ("retry_jitter", -0.1),
        ("concurrency", 0),
        ("concurrency", 10_001),
        ("max_poison", 0),
        ("stall_timeout", 0),
        ("dead_letter_suffix", "/dlt"),
        ("dead_letter_suffix", ""),
        ("on_exhausted", "explode"),
        ("delivery", "at_most_once"),
    ],
)
def test_value_out_of_range_is_refused_by_name(option: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match=rf"{option} is {value!r}, expected"):
        ConsumerOptions(**{option: value})  # type: ignore[arg-type]  # that's the point


def test_single_options_win_over_the_given_ones() -> None:
    given = ConsumerOptions(max_retries=3, retry_interval=5)
    assert consumer(options=given, max_retries=0)._options == ConsumerOptions(max_retries=0, retry_interval=5)


def test_option_that_does_not_exist_is_refused() -> None:
    with pytest.raises(
        ConfigurationError, match=r"'max_retry' is no option of a consumer \(closest: 'max_retries'\), expected"
    ):
        consumer(max_retry=3)


def test_what_are_no_options_is_refused() -> None:
    with pytest.raises(
        ConfigurationError, match=r"options is \{'max_retries': 3\} \(dict\), expected ConsumerOptions, by"
    ):
        consumer(options={"max_retries": 3})


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("max_retries", "3", "a number"),
        ("retry_jitter", None, "a number"),
        ("replay_emits", "no", "True or False"),
        ("dead_letter_suffix", 7, "text"),
    ],
)
def test_option_of_another_kind_is_refused(option: str, value: object, expected: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{option} is {value!r}, expected {expected}"):
        consumer(**{option: value})


def test_mistake_names_the_consumer() -> None:
    with pytest.raises(ConfigurationError, match=r"consumer of topic \(no group\): position is 'comitted'"):
        consumer(event_topics=["topic"], event_group=None, position="comitted")


@pytest.mark.parametrize("topics", ["topic", [], ()])
def test_topics_must_be_a_list_of_one_or_more(topics: object) -> None:
    with pytest.raises(ConfigurationError, match="event_topics"):
        consumer(event_topics=topics)


@pytest.mark.parametrize(
    ("position", "group", "message"),
    [
        ("begining", "g", "expected latest, committed, earliest"),
        ("committed", None, "needs an event_group"),
    ],
)
def test_position_that_cannot_be_had_is_refused(position: str, group: str | None, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        consumer(position=position, event_group=group)


def test_consumer_that_was_never_started_says_so_and_can_be_stopped() -> None:
    assert consumer().readiness() == "not started"


async def test_stop_without_start_does_nothing() -> None:
    await consumer().stop()
