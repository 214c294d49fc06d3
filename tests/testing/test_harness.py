"""The test kit, on the sample service: what a user's own tests look like."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from dependency_injector import providers

from containers.application import ApplicationContainer, create_container
from eventy.app.settings import Settings
from eventy.errors import HandlerError, ShutdownTimeoutError
from eventy.event.generic import GenericEvent
from eventy.testing.harness import Harness, HarnessError, NotSettledError
from payment.commands import ConfirmPayment, CreatePayment
from payment.model import Payment
from payment.repository.memory import MemoryPaymentRepository
from tests.payment.fakes import RecordingEmitter
from tests.testing.service import message, service

CREATE = {"id": "p1", "contract_id": "c1", "amount": 1250, "currency": "EUR"}


@pytest.fixture
def container(tmp_path: Path) -> ApplicationContainer:
    return create_container(Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/payments.db"))


def names(app: Harness[ApplicationContainer], topic: str = "payment-events") -> list[str]:
    return [event.name().rpartition(".")[2] for event in app.emitted(topic)]


async def test_command_stores_a_payment_and_emits_its_event(container: ApplicationContainer) -> None:
    async with Harness(container) as app:
        await app.send(CreatePayment(CREATE), "payment-commands")
        await app.settled()
        assert names(app) == ["PaymentCreated"]
        payment = await container.payment_repository().get("p1")
    assert payment is not None
    assert payment.amount == 1250


async def test_same_command_twice_stores_once_and_emits_twice(container: ApplicationContainer) -> None:
    async with Harness(container) as app:
        for _ in range(2):
            await app.send(CreatePayment(CREATE), "payment-commands", key="p1")
        await app.settled()
        assert names(app) == ["PaymentCreated", "PaymentCreated"]
        assert len(await container.payment_repository().of_contract("c1")) == 1


async def test_provider_overridden_in_a_running_application_acts_at_once(container: ApplicationContainer) -> None:
    fake = MemoryPaymentRepository()
    async with Harness(container) as app:
        with app.container.payment_repository.override(providers.Object(fake)):
            await app.send(CreatePayment(CREATE), "payment-commands")
            await app.settled()
        assert await fake.get("p1") is not None
        assert await container.payment_repository().get("p1") is None


async def test_what_a_test_sends_is_on_the_broker_whatever_stands_in_for_the_emitter(
    container: ApplicationContainer,
) -> None:
    fake = RecordingEmitter()
    async with Harness(container) as app:
        with app.container.event_emitter.override(providers.Object(fake)):
            await app.send(CreatePayment(CREATE), "payment-commands")
            await app.settled()
        assert len(app.emitted("payment-commands")) == 1
        assert [sent.destination for sent in fake.sent] == ["payment-events"]


@pytest.mark.parametrize("delivery", ["at_least_once", "exactly_once"])
async def test_service_that_is_set_to_kafka_runs_in_memory(tmp_path: Path, delivery: str) -> None:
    settings = Settings(
        event_consumer="eventy.consumer.kafka.KafkaConsumer",
        event_emitter="eventy.emitter.kafka.KafkaProducer",
        kafka_bootstrap_server="127.0.0.1:1",
        consumer_delivery=delivery,
        database_url=f"sqlite+aiosqlite:///{tmp_path}/payments.db",
    )
    container = create_container(settings)
    async with Harness(container) as app:
        await app.send(CreatePayment(CREATE), "payment-commands")
        await app.settled()
        assert names(app) == ["PaymentCreated"]
    assert container.config() == settings.as_dict()


async def test_suspended_contract_has_its_payments_rejected(container: ApplicationContainer) -> None:
    async with Harness(container) as app:
        await app.send(GenericEvent("qotto.contract.event.ContractSuspended", {"contract_id": "c1"}), "contract-events")
        await app.settled()
        await app.send(CreatePayment(CREATE), "payment-commands")
        await app.settled()
        assert names(app) == ["PaymentRejected"]


@pytest.mark.parametrize("concurrency", [1, 4])
async def test_retries_wait_for_nothing(container: ApplicationContainer, concurrency: int) -> None:
    class Flaky(MemoryPaymentRepository):
        attempts = 0

        async def add(self, payment: Payment) -> Payment:
            self.attempts += 1
            if self.attempts < 8:
                raise ConnectionError("not yet")
            return await super().add(payment)

    flaky = Flaky()
    container.config.consumer_concurrency.from_value(concurrency)
    async with Harness(container) as app:
        with app.container.payment_repository.override(providers.Object(flaky)):
            await app.send(CreatePayment(CREATE), "payment-commands")
            await app.settled()
        assert flaky.attempts == 8
        assert app.clock.monotonic() == pytest.approx(1 + 2 + 4 + 8 + 16 + 32 + 60)
        assert names(app) == ["PaymentCreated"]


async def test_message_that_is_given_up_ends_the_application_with_its_place(container: ApplicationContainer) -> None:
    class Broken(MemoryPaymentRepository):
        async def get(self, payment_id: str) -> Payment | None:
            raise ConnectionError("never")

    container.config.consumer_max_retries.from_value(2)
    with pytest.raises(HandlerError, match=r"payment-commands\[\d\] offset 0: given up after 3 attempts"):
        async with Harness(container) as app:
            with app.container.payment_repository.override(providers.Object(Broken())):
                await app.send(ConfirmPayment({"id": "p1"}), "payment-commands")
                await app.settled()


async def test_what_never_settles_is_named(container: ApplicationContainer) -> None:
    class Stuck(MemoryPaymentRepository):
        release = asyncio.Event()

        async def add(self, payment: Payment) -> Payment:
            await self.release.wait()
            return await super().add(payment)

    stuck = Stuck()
    async with Harness(container, deadline=0.5) as app:
        with app.container.payment_repository.override(providers.Object(stuck)):
            await app.send(CreatePayment(CREATE), "payment-commands")
            with pytest.raises(NotSettledError, match=r"1 message in payment-commands\[\d\] for payment"):
                await app.settled()
            stuck.release.set()


async def test_nothing_can_be_sent_before_it_is_entered(container: ApplicationContainer) -> None:
    with pytest.raises(HarnessError, match="inside `async with"):
        await Harness(container).send(CreatePayment(CREATE), "payment-commands")


async def test_entering_it_twice_is_refused_and_does_no_harm() -> None:
    container = service()
    async with Harness(container) as app:
        with pytest.raises(HarnessError, match="the harness is entered already: leave it first"):
            await app.__aenter__()
        await app.send(message(), "in")
        await app.settled()
        assert container.notes().calls == [("do", 1)]
    async with app:  # one after the other it may be
        assert app.emitted("in") == []


def test_in_another_event_loop_every_use_is_refused_at_once() -> None:
    async def meddle() -> None:
        for step in (app.settled, app.rebalance, app.crash_and_restart, lambda: app.advance(1), send):
            with pytest.raises(HarnessError, match=r"another event loop .*asyncio_default_test_loop_scope = "):
                await step()
        for use in (app.broker_down().__enter__, lambda: app.http, lambda: app.fail_next("do")):
            with pytest.raises(HarnessError, match="another event loop"):
                use()

    async def send() -> None:
        await app.send(message(), "in")

    container = service()
    app = Harness(container)
    with asyncio.Runner() as runner:
        runner.run(app.__aenter__())
        with asyncio.Runner() as other:
            other.run(meddle())
        fault = app.fail_next("do")  # as a fixture does that isn't async
        runner.run(send())
        runner.run(app.settled())
        runner.run(app.__aexit__(None, None, None))
    assert (container.notes().calls, fault.left) == ([("do", 2)], 0)


async def test_each_harness_begins_with_nothing(container: ApplicationContainer) -> None:
    for _ in range(2):
        async with Harness(container) as app:
            assert app.emitted("payment-events") == []
            await app.send(ConfirmPayment({"id": "nobody"}), "payment-commands")
            await app.settled()
            assert names(app) == ["PaymentRejected"]


async def test_two_applications_in_one_process_know_nothing_of_each_other(tmp_path: Path) -> None:
    one, two = (
        create_container(Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/{name}.db")) for name in ("one", "two")
    )
    fake = MemoryPaymentRepository()
    async with Harness(one) as first:
        async with Harness(two) as second:
            with one.payment_repository.override(providers.Object(fake)):
                for app in (first, second):
                    await app.send(CreatePayment(CREATE), "payment-commands")
                    await app.settled()
            assert one.http_server().port != two.http_server().port
            stored: Any = await two.payment_repository().get("p1")
        assert names(first) == ["PaymentCreated"]
        await first.send(ConfirmPayment({"id": "p1"}), "payment-commands")
        await first.settled()
    assert await fake.get("p1") is not None
    assert stored is not None


async def test_leaving_while_retries_wait_ends_at_the_virtual_deadline(container: ApplicationContainer) -> None:
    class Broken(MemoryPaymentRepository):
        async def get(self, payment_id: str) -> Payment | None:
            raise ConnectionError("never")

    with pytest.raises(
        ShutdownTimeoutError, match="; 1 message was not handled and is lost: nothing in memory outlives the process"
    ):
        async with Harness(container) as app:
            app.container.payment_repository.override(providers.Object(Broken()))
            await app.send(ConfirmPayment({"id": "p1"}), "payment-commands")


async def test_own_failure_of_a_test_is_the_one_that_is_shown(container: ApplicationContainer) -> None:
    class Broken(MemoryPaymentRepository):
        async def get(self, payment_id: str) -> Payment | None:
            raise ConnectionError("never")

    with pytest.raises(AssertionError, match="of the test"):
        async with Harness(container) as app:
            app.container.payment_repository.override(providers.Object(Broken()))
            await app.send(ConfirmPayment({"id": "p1"}), "payment-commands")
            raise AssertionError("of the test")
