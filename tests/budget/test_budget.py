"""What a message may cost at most: an accidental call for each of them is noticed here, on any machine.

Run with `-s` to see which functions are called how often. Who lowers a figure lowers its budget as well; who raises one
says in the commit what the messages get for it.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import NamedTuple

import pytest
from dependency_injector import containers, providers

from eventy.broker.memory import MemoryBroker
from eventy.clock import Clock
from eventy.command.base import BaseCommand
from eventy.consumer.memory import MemoryConsumer
from eventy.emitter.base import BaseEventEmitter
from eventy.emitter.memory import MemoryEmitter
from eventy.event.base import BaseEvent
from eventy.event.registry import Registry
from eventy.handler.dispatch import Dispatcher
from eventy.message.record import ProducerRecord
from eventy.serializer.avro import AvroEventSerializer
from tests.budget.counting import Count, PerMessage

# Both are whole batches of the memory broker, and the difference is.
FEW, MANY = 1_000, 3_000


class Budget(NamedTuple):
    """What one message may take: calls of Python functions, steps of coroutines among them, memory that it keeps."""

    calls: float
    awaits: float
    blocks: float


# The handler of these tests, its repository and the clock included.
CONSUMED = Budget(calls=9.5, awaits=3.5, blocks=0.5)
EMITTED = Budget(calls=22.5, awaits=4.5, blocks=1.5)


class StandingClock(Clock):
    """Shows one time, so that slices end at the same messages on every machine."""

    def monotonic(self) -> float:
        return 0.0

    def now_ms(self) -> int:
        return 1_700_000_000_000


class Payments:
    """A repository that keeps nothing."""

    def __init__(self) -> None:
        self.count = 0

    async def add(self, payment: object) -> None:
        self.count += 1


class Created(BaseEvent):
    """A payment is stored."""

    @classmethod
    def name(cls) -> str:
        return "budget.Created"


class Store(BaseCommand):
    """Store a payment."""

    @classmethod
    def name(cls) -> str:
        return "budget.Store"

    async def execute(self, payments: Payments) -> None:
        await payments.add(self.data)


class StoreAndTell(Store):
    """Store a payment, and say so."""

    async def execute(self, payments: Payments, event_emitter: BaseEventEmitter) -> None:  # type: ignore[override]  # as every command has its own
        await payments.add(self.data)
        await event_emitter.send(Created(self.data), "payment-events", key=self.data["payment_id"])


class NowhereEmitter(MemoryEmitter):
    """An emitter whose records aren't kept: what a message keeps would be theirs."""

    async def write(self, records: list[ProducerRecord]) -> None:
        pass


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    for name in ("Store", "Created"):
        fields = [
            {"name": "payment_id", "type": "string"},
            {"name": "amount", "type": "long"},
            {"name": "currency", "type": "string"},
            {"name": "correlation_id", "type": "string"},
            {"name": "event_timestamp", "type": "long"},
        ]
        schema = {"type": "record", "name": name, "namespace": "budget", "fields": fields}
        (tmp_path / f"{name}.avsc").write_text(json.dumps(schema))
    return tmp_path


async def work(schemas: Path, command: type[Store], messages: int) -> Count:
    """Count what it takes to consume so many messages, all of them there at the beginning."""
    clock, payments, count = StandingClock(), Payments(), Count()
    broker = MemoryBroker(clock=clock, partitions=1)
    registry = Registry((command, Created))
    serializer = AvroEventSerializer(registry=registry, schemas_folder=schemas)
    emitter = NowhereEmitter(broker=broker, serializer=serializer, clock=clock)
    container = containers.DynamicContainer()
    container.payments = providers.Object(payments)
    container.event_emitter = providers.Object(emitter)
    consumer = MemoryConsumer(
        broker=broker,
        serializer=serializer,
        clock=clock,
        event_topics=["payment-commands"],
        event_group="payments",
        position="committed",
    )
    sender = MemoryEmitter(broker=broker, serializer=serializer, clock=clock)
    for number in range(messages):
        data = {"payment_id": f"p{number % 100}", "amount": 1, "currency": "EUR", "correlation_id": "c"}
        await sender.send(command(data), "payment-commands", key=f"p{number % 100}")

    async def until_handled() -> None:
        await consumer.start(Dispatcher(registry, container, None).deliver)
        async with asyncio.timeout(60):  # noqa: TID251 - the clock stands
            while consumer.counts.handled < messages:  # noqa: ASYNC110 - a timer would be one of the machine's
                await asyncio.sleep(0)  # noqa: TID251 - the loop goes on

    await count.of(until_handled)
    await consumer.stop()
    assert payments.count == messages
    return count


async def per_message(schemas: Path, command: type[Store]) -> PerMessage:
    await work(schemas, command, FEW)  # what is made once, caches and specialised code, is there
    return PerMessage(await work(schemas, command, FEW), await work(schemas, command, MANY), MANY - FEW)


def check(found: PerMessage, budget: Budget) -> None:
    print(f"\ncalls a message, by function:\n{found.table()}")  # noqa: T201 - shown with -s, and when the budget is exceeded
    print(f"in all: {found.calls:.2f} calls, {found.awaits:.2f} awaits, {found.blocks:.2f} blocks")  # noqa: T201
    for what in Budget._fields:
        spent, granted = getattr(found, what), getattr(budget, what)
        assert spent <= granted, (
            f"a message takes {spent:.2f} {what}, {granted} are granted; the table above says which functions are "
            f"called: save them, or raise the budget in {Path(__file__).name} and say what for"
        )


async def test_message_that_is_consumed_keeps_to_its_budget(schemas: Path) -> None:
    check(await per_message(schemas, Store), CONSUMED)


async def test_message_that_emits_keeps_to_its_budget(schemas: Path) -> None:
    check(await per_message(schemas, StoreAndTell), EMITTED)
