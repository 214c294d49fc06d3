"""The sample service in a simulation: its own container, handlers and consumers, with repositories in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

from dependency_injector import providers

from containers.application import ApplicationContainer, create_container
from eventy.app.settings import Settings
from eventy.serializer.base import BaseEventSerializer
from eventy.testing.simulation import Simulation
from payment.commands import ConfirmPayment, CreatePayment
from payment.model import ContractStatus, Payment
from payment.repository.memory import MemoryContractRepository, MemoryPaymentRepository

PAYMENTS = 6


class RemotePayments(MemoryPaymentRepository):
    """Payments on another computer: an answer takes time, and now and then there is none."""

    def __init__(self, simulation: Simulation) -> None:
        super().__init__()
        self._simulation = simulation

    async def add(self, payment: Payment) -> Payment:
        await self._reach()
        stored = await super().add(payment)
        await self._reach()
        return stored

    async def update(self, payment: Payment) -> None:
        await self._reach()
        await super().update(payment)
        await self._reach()

    async def get(self, payment_id: str) -> Payment | None:
        await self._reach()
        return await super().get(payment_id)

    async def _reach(self) -> None:
        await self._simulation.pause()
        if self._simulation.happens(0.03):
            raise ConnectionError("no answer")


class NoDatabase:
    """Stands where the container starts and stops its database."""

    async def start(self) -> None:
        """Nothing."""

    async def stop(self) -> None:
        """Nothing."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        yield


@cache
def serializer() -> BaseEventSerializer:
    """Return the service's serializer, made once: it reads the schemas, and keeps nothing of a simulation."""
    made: BaseEventSerializer = create_container(Settings()).event_serializer()
    return made


async def at_least_once(simulation: Simulation) -> None:
    await play(simulation, delivery="at_least_once")


async def exactly_once(simulation: Simulation) -> None:
    await play(simulation, delivery="exactly_once")


async def play(simulation: Simulation, delivery: str) -> None:
    """Have payments created and confirmed, some of a contract that is suspended, by a service of some processes."""
    payments, contracts = RemotePayments(simulation), MemoryContractRepository()
    settings = Settings(
        consumer_delivery=delivery,
        consumer_concurrency=simulation.random.choice((1, 1, 3)),
        consumer_slice_messages=simulation.random.choice((1, 3, 2000)),
        consumer_retry_interval=100,
        memory_partitions=simulation.random.choice((1, 2, 3)),
    )

    def process() -> ApplicationContainer:
        container = create_container(settings)
        container.event_serializer.override(providers.Object(serializer()))
        container.database.override(providers.Object(NoDatabase()))
        container.payment_repository.override(providers.Object(payments))
        container.contract_repository.override(providers.Object(contracts))
        return container

    await contracts.set_status("c-suspended", ContractStatus.SUSPENDED)
    await simulation.start(process, processes=simulation.random.choice((1, 2, 3)))
    for number in range(PAYMENTS):
        payment_id = f"p{number}"
        contract = simulation.random.choice(("c-active", "c-suspended"))
        data = {"id": payment_id, "contract_id": contract, "amount": 100, "currency": "EUR"}
        await simulation.send(CreatePayment(data), "payment-commands", key=payment_id)
        if simulation.random.random() < 0.8:
            await simulation.send(ConfirmPayment({"id": payment_id}), "payment-commands", key=payment_id)
        await simulation.clock.sleep(simulation.random.choice((0, 0, 0.01, 1)))
    await simulation.settled()
