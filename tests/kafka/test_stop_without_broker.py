"""Everything stops in time while the broker is gone, or answers nobody, and leaves nothing running."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from dependency_injector import containers

from eventy.app.eventy import Eventy
from eventy.errors import BrokerUnavailableError, ShutdownTimeoutError
from eventy.event.base import BaseEvent
from eventy.event.registry import Registry, on
from eventy.message.context import Context
from eventy.testing.conformance.scene import Notes, Scene, until
from eventy.testing.conformance.serializer import NAME, encoded, event
from eventy.testing.kafka.broker import KafkaBroker

# Seconds of the deadline for the whole application, and those that may pass beyond it until the last one has given up.
DEADLINE, BEYOND = 4.0, 8.0


@pytest_asyncio.fixture(params=["killed", "frozen"])
async def take_away(request: pytest.FixtureRequest, kafka_broker: KafkaBroker) -> AsyncIterator[Callable[[], None]]:
    """Take the broker away; it is back after the test."""
    if request.param == "frozen":
        yield kafka_broker.freeze
        await kafka_broker.thaw()
    else:
        yield kafka_broker.kill
        await kafka_broker.start()


@pytest.mark.parametrize("group", ["group", None])
async def test_consumer_with_something_to_commit_stops_in_time(
    scene: Scene,
    take_away: Callable[[], None],
    group: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("eventy.broker.kafka.requests.bounded.__defaults__", (3.0,))  # instead of ten, for a commit
    monkeypatch.setattr("eventy.broker.kafka.consumer._CLOSE", 2.0)
    before, topic, going_on = asyncio.all_tasks(), await scene.topic(), asyncio.Event()

    async def wait(_: BaseEvent, __: Context) -> None:
        await going_on.wait()

    notes, consumer = Notes(wait), consumer_of(scene, topic, group and topic)
    await consumer.start(notes)
    await scene.backend.put(topic, encoded(1))
    await notes.until(1)
    await scene.backend.close()
    take_away()
    began = time.monotonic()
    stopping = asyncio.create_task(consumer.stop())
    going_on.set()
    await asyncio.wait({stopping}, timeout=30)
    assert stopping.done()
    stopping.result()
    assert time.monotonic() - began < 9
    assert await left(before) == set()


async def test_emitter_with_sends_that_nobody_acknowledges_stops_in_time(
    scene: Scene, take_away: Callable[[], None]
) -> None:
    before, topic = asyncio.all_tasks(), await scene.topic()
    emitter = scene.backend.emitter(serializer=scene.serializer, clock=scene.clock)
    await emitter.start()
    await emitter.send(event(1), topic)
    await emitter.send_many([event(2)], topic)
    await scene.backend.close()
    take_away()
    began = time.monotonic()
    sends = [asyncio.create_task(emitter.send(event(3), topic)) for _ in range(5)]
    sends += [asyncio.create_task(emitter.send_many([event(4)], topic)) for _ in range(5)]
    await asyncio.sleep(0.5)  # by now the client has them
    stopping = asyncio.create_task(emitter.stop())
    await asyncio.wait({stopping}, timeout=20)
    assert stopping.done()
    outcomes = await asyncio.gather(*sends, return_exceptions=True)
    assert time.monotonic() - began < 12
    assert [type(outcome) for outcome in outcomes] == [BrokerUnavailableError] * 10
    assert await left(before) == set()


async def test_application_stops_in_time(scene: Scene, take_away: Callable[[], None]) -> None:
    before, topic, out = asyncio.all_tasks(), await scene.topic(), await scene.topic("out")
    begun, going_on = asyncio.Event(), asyncio.Event()
    emitter = scene.backend.emitter(serializer=scene.serializer, clock=scene.clock)

    async def forward(sent: BaseEvent) -> None:
        begun.set()
        await going_on.wait()
        await emitter.send(sent, out)

    app = Eventy(
        containers.DynamicContainer(),
        [emitter, consumer_of(scene, topic, topic), consumer_of(scene, topic, None)],
        shutdown_timeout=int(DEADLINE * 1000),
    )
    app.set("registry", Registry([on(NAME, forward)]))
    running = asyncio.create_task(run(app, going_on))
    await scene.backend.put(topic, encoded(1))
    await begun.wait()
    await until(lambda: not app.readiness(), lambda: str(app.readiness()))
    await scene.backend.close()
    take_away()
    began = time.monotonic()
    sending = asyncio.create_task(emitter.send(event(2), out))
    going_on.set()
    await asyncio.wait({running}, timeout=60)
    took = time.monotonic() - began
    assert running.done()
    assert isinstance(running.exception(), ShutdownTimeoutError | None)  # not done by the deadline, or given up before
    assert took < DEADLINE + BEYOND
    with pytest.raises(BrokerUnavailableError):
        await sending
    assert await left(before) == set()


def consumer_of(scene: Scene, topic: str, group: str | None) -> Any:
    return scene.backend.consumer(
        serializer=scene.serializer,
        clock=scene.clock,
        event_topics=[topic],
        event_group=group,
        position="earliest" if group is None else "committed",
    )


async def run(app: Eventy, ending: asyncio.Event) -> None:
    async with app:
        await ending.wait()


async def left(before: set[asyncio.Task[Any]]) -> set[str]:
    """Return the tasks that weren't there before and don't end by themselves while clients may still close."""
    tasks = asyncio.all_tasks() - before
    running = (await asyncio.wait(tasks, timeout=BEYOND))[1] if tasks else set()
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    return {str(getattr(task.get_coro(), "__qualname__", task)) for task in running}
