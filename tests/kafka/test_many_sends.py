"""Much at once."""

import asyncio

from eventy.event.base import BaseEvent
from eventy.message.context import Context
from eventy.testing.conformance.scene import Scene
from eventy.testing.conformance.serializer import event


async def test_400_tasks_send_to_one_partition_at_once(scene: Scene) -> None:
    topic, emitter = await scene.topic(), await scene.emitter()
    await asyncio.gather(*(emitter.send(event(number), topic) for number in range(200)))
    await asyncio.gather(*(emitter.send_many([event(number)], topic) for number in range(200)))
    await asyncio.gather(
        *(emitter.send(event(number), topic) for number in range(200)),
        *(emitter.send_many([event(number)] * 2, topic) for number in range(200)),
    )
    await scene.records(topic, 1_000)


async def test_64_partitions_flush_to_one_partition_at_once(scene: Scene) -> None:
    topic, out, emitter = await scene.topic(partitions=64), await scene.topic("out"), await scene.emitter()

    async def forward(event: BaseEvent, context: Context) -> None:
        await emitter.send(event, out)

    await emitter.send_many(map(event, range(2_000)), topic)
    await scene.consume(forward, topic, group=topic, slice_messages=5)
    await scene.records(out, 2_000)


async def test_batch_larger_than_a_request_is_split_and_keeps_its_order(scene: Scene) -> None:
    topic, emitter = await scene.topic(), await scene.emitter()
    await emitter.send_many([event(number, padding="x" * 100_000) for number in range(40)], topic)
    numbers = [
        int((record.value or b"").split(b'"n": ')[1].split(b",")[0]) for record in await scene.records(topic, 40)
    ]
    assert numbers == list(range(40))


async def test_single_sends_do_not_keep_a_batch_waiting(scene: Scene) -> None:
    topic, emitter, batches = await scene.topic(), await scene.emitter(), asyncio.Event()

    async def send_singles() -> None:
        while not batches.is_set():
            await emitter.send(event(), topic)

    singles = [asyncio.create_task(send_singles()) for _ in range(20)]
    for _ in range(100):
        await emitter.send_many(map(event, range(10)), topic)
    batches.set()
    await asyncio.gather(*singles)
