"""The sample's scope, `database.provided.transaction`, on its real database: what a failed attempt stores is gone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dependency_injector import providers
from sanic import Blueprint, HTTPResponse, Request

from containers.application import ApplicationContainer, create_container
from eventy.app.settings import Settings
from eventy.emitter.base import BaseEventEmitter
from eventy.event.registry import Registry, on
from eventy.http.server import SanicServer
from eventy.message.context import Context
from eventy.testing.harness import Harness
from payment.commands import CreatePayment
from payment.events import PaymentCreated
from payment.messages import MESSAGES
from payment.model import Payment
from payment.repository.base import PaymentRepository
from payment.repository.database import Database

CREATE = {"contract_id": "c1", "amount": 1250, "currency": "EUR"}
Container = Callable[..., ApplicationContainer]


@pytest.fixture
def build(tmp_path: Path) -> Container:
    def service(**settings: Any) -> ApplicationContainer:
        return create_container(Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/payments.db", **settings))

    return service


async def store_and_fail(
    command: CreatePayment, context: Context, payment_repository: PaymentRepository, event_emitter: BaseEventEmitter
) -> None:
    """Fail after everything is stored and sent: the first time, and each time when the id says so."""
    await command.execute(payment_repository, _NO_CONTRACTS, event_emitter)
    if context.attempt == 1 or command.data["id"] == "never":
        raise ConnectionError("too late")


class _NoContracts:
    async def status(self, contract_id: str) -> None:
        return None


_NO_CONTRACTS: Any = _NoContracts()
_MESSAGES = (
    on(CreatePayment.name(), store_and_fail, cls=CreatePayment),
    *(message for message in MESSAGES if message is not CreatePayment),
)


@pytest.mark.parametrize("delivery", ["at_least_once", "exactly_once"])
@pytest.mark.parametrize("concurrency", [1, 3])
async def test_what_a_failed_attempt_stores_and_sends_is_gone(
    build: Container, delivery: str, concurrency: int
) -> None:
    service = build(
        consumer_delivery=delivery,
        consumer_concurrency=concurrency,
        consumer_max_retries=1,
        consumer_on_exhausted="skip",
    )
    ids = ("p1", "never", "p2")
    with service.registry.override(Registry(_MESSAGES)):
        async with Harness(service) as app:
            for payment_id in ids:
                await app.send(CreatePayment({"id": payment_id, **CREATE}), "payment-commands", key=payment_id)
            await app.settled()
            assert {event.data["id"] for event in app.emitted("payment-events")} == {"p1", "p2"}
            assert len(app.emitted("payment-events")) == 2
            assert all(event.name() == PaymentCreated.name() for event in app.emitted("payment-events"))
            stored = await service.payment_repository().of_contract("c1")
    assert sorted(payment.id for payment in stored) == ["p1", "p2"]


async def test_in_a_route_each_call_is_a_transaction_of_its_own_unless_it_opens_one(build: Container) -> None:
    blueprint = Blueprint("too_late")

    @blueprint.post("/each")
    async def each(request: Request[Any, Any], payment_repository: PaymentRepository) -> HTTPResponse:
        await payment_repository.add(Payment("p1", "c1", 1250, "EUR"))
        raise ConnectionError("too late")

    @blueprint.post("/together")
    async def together(
        request: Request[Any, Any], payment_repository: PaymentRepository, database: Database
    ) -> HTTPResponse:
        async with database.transaction():
            await payment_repository.add(Payment("p2", "c1", 1250, "EUR"))
            raise ConnectionError("too late")

    service = build()
    server = providers.Singleton(SanicServer, port=0, blueprints=providers.Object((blueprint,)))
    with service.http_server.override(server):
        async with Harness(service) as app:
            for path in ("/each", "/together"):
                assert (await app.http.post(path)).status_code == 500
            stored = await service.payment_repository().of_contract("c1")
    assert [payment.id for payment in stored] == ["p1"]
