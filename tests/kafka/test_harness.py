"""The harness on a real broker does what that in memory does."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from dependency_injector import providers

from eventy.emitter.base import BaseEventEmitter
from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.testing.harness import HarnessError
from eventy.testing.kafka.broker import KafkaBroker
from eventy.testing.kafka.harness import KafkaHarness
from eventy.testing.kafka.topics import create_topics, unique
from tests.payment.fakes import RecordingEmitter
from tests.testing.service import WithView, message, service


async def forward(event: BaseEvent, context: Context, emitter: BaseEventEmitter) -> None:
    await emitter.send(message("done", of=event.data["n"]), "out")


@pytest.mark.parametrize("delivery", ["at_least_once", "exactly_once"])
async def test_application_settles_on_topics_that_are_its_own(kafka_broker: KafkaBroker, delivery: str) -> None:
    for _ in range(2):  # the second finds nothing of the first
        container = service(
            WithView,
            {"do": forward},
            consumer_delivery=delivery,
            consumer_on_exhausted="dead_letter",
            consumer_retry_interval=1,
            consumer_max_retries=1,
        )
        async with KafkaHarness(container, kafka_broker.bootstrap, partitions=2) as app:
            fault = app.fail_next("do", ValueError("broken"), times=2, after=True)
            await app.send(message(n=0), "in", key="k")
            await app.settled()
            for number in range(1, 10):
                await app.send(message(n=number), "in", key="k")
            await app.settled()
            assert fault.left == 0
            assert sorted(event.data["of"] for event in app.emitted("out")) == [*range(1, 10)]
            assert [letter.message for letter in app.dead_letters("in")] == ["broken"]
            assert container.seen() == ["done"] * 9


async def test_what_a_test_sends_is_on_the_broker_whatever_stands_in_for_the_emitter(kafka_broker: KafkaBroker) -> None:
    container = service(then={"do": forward})
    fake = RecordingEmitter()
    async with KafkaHarness(container, kafka_broker.bootstrap) as app:
        with container.event_emitter.override(providers.Object(fake)):
            await app.send(message(n=1), "in")
            await app.settled()
        assert len(app.emitted("in")) == 1
    assert [sent.destination for sent in fake.sent] == ["out"]


async def test_in_another_event_loop_every_use_is_refused_at_once(kafka_broker: KafkaBroker) -> None:
    async with KafkaHarness(service(), kafka_broker.bootstrap) as app:
        for step in (app.send(message(), "in"), app.settled()):
            with pytest.raises(HarnessError, match="another event loop"):
                await asyncio.to_thread(asyncio.run, step)


async def test_topic_that_is_there_already_is_refused_and_left_alone(kafka_broker: KafkaBroker) -> None:
    async with KafkaHarness(service(WithView), kafka_broker.bootstrap) as app:
        await app.send(message(n=1), "in")
        with pytest.raises(HarnessError, match=r"is there already on .*: what it has isn't this test's"):
            async with KafkaHarness(service(WithView), kafka_broker.bootstrap):
                pass
        await app.settled()
        assert len(app.emitted("in")) == 1


async def nothing_yet(_: AIOKafkaAdminClient) -> list[str]:
    return []


@pytest.mark.parametrize("is_known", [True, False])
async def test_what_was_made_before_the_refusal_is_deleted(
    kafka_broker: KafkaBroker, monkeypatch: pytest.MonkeyPatch, is_known: bool
) -> None:
    """Also when the broker hasn't heard yet of what its controller has made."""
    beside, list_topics = unique("beside"), AIOKafkaAdminClient.list_topics
    lists = [list_topics] if is_known else [nothing_yet, list_topics]

    async def listed(admin: AIOKafkaAdminClient) -> list[str]:
        names: list[str] = await (lists.pop(0) if len(lists) > 1 else lists[0])(admin)
        return names

    monkeypatch.setattr(AIOKafkaAdminClient, "list_topics", listed)
    async with KafkaHarness(service(WithView), kafka_broker.bootstrap) as app:
        with pytest.raises(HarnessError, match=r"(in|out) is there already"):
            async with KafkaHarness(service(WithView), kafka_broker.bootstrap, topics=[beside]):
                pass
        await app.send(message(n=1), beside)


async def test_send_to_a_topic_that_is_there_already_is_refused_each_time_and_the_tests_own_are_deleted(
    kafka_broker: KafkaBroker,
) -> None:
    other = unique("other")
    await create_topics(kafka_broker.bootstrap, {other: 1})
    for _ in range(2):  # the second finds nothing of the first, but the other's
        async with KafkaHarness(service(WithView), kafka_broker.bootstrap) as app:
            for _ in range(2):
                with pytest.raises(HarnessError, match=f"{other} is there already"):
                    await app.send(message(n=1), other)


async def test_application_that_is_cut_off_has_disconnected(
    kafka_broker: KafkaBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it does behind the back of whoever cuts it off; `no_task_is_left` looks."""
    monkeypatch.setattr("eventy.consumer.run._LEAVE", 0)  # seconds that it is waited for
    container = service(then={"do": forward}, consumer_delivery="exactly_once")
    with pytest.raises(AssertionError, match="of the test"):
        async with KafkaHarness(container, kafka_broker.bootstrap, topics=["out"]) as app:
            for number in range(50):
                await app.send(message(n=number), "in", key=str(number))
            raise AssertionError("of the test")
