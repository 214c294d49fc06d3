"""The whole service, as its users and its operators see it: in one process, and nothing waits on real time.

`eventy_app` runs the container that `[tool.eventy] app` in pyproject.toml names, on a database of the test's own. With
`--eventy-kafka` the same tests run on a real broker, those aside that move time or break something.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from containers.application import ApplicationContainer
from eventy.event.generic import GenericEvent
from eventy.testing.harness import Harness
from payment.commands import ConfirmPayment, CreatePayment
from payment.handlers import contract_changed
from payment.model import ContractStatus
from payment.repository.memory import MemoryContractRepository

App = Harness[ApplicationContainer]

PAYMENT = {"id": "p1", "contract_id": "c1", "amount": 1_250, "currency": "EUR"}
SUSPENDED = GenericEvent("qotto.contract.event.ContractSuspended", {"contract_id": "c1"})

exactly_once = pytest.mark.eventy(settings={"consumer_delivery": "exactly_once"})
side_by_side = pytest.mark.eventy(settings={"consumer_concurrency": 8})


def told(app: App) -> list[str]:
    """Return the events that the service has told the world, by the last part of their names."""
    return [event.name().rpartition(".")[2] for event in app.emitted("payment-events")]


async def statistics(app: App) -> Any:
    return (await app.http.get("/statistics")).json()


# ---------------------------------------------------------------- what it does


async def test_payment_that_is_asked_for_by_http_is_created_then_confirmed_by_sms(eventy_app: App) -> None:
    asked = await eventy_app.http.post("/payments", json={"contract_id": "c1", "amount": 1_250, "currency": "EUR"})
    assert asked.status_code == 202
    await eventy_app.settled()
    payment = (await eventy_app.http.get(asked.headers["Location"])).json()
    assert payment["status"] == "created"
    sms = {"from": "+33612345678", "text": f"PAY {payment['id']}"}
    assert (await eventy_app.http.post("/sms", json=sms)).status_code == 202
    await eventy_app.settled()
    assert (await eventy_app.http.get(asked.headers["Location"])).json()["status"] == "confirmed"
    assert told(eventy_app) == ["PaymentCreated", "PaymentConfirmed"]


async def test_suspended_contract_has_its_payments_rejected(eventy_app: App) -> None:
    await eventy_app.send(SUSPENDED, "contract-events", key="c1")
    await eventy_app.settled()
    await eventy_app.send(CreatePayment(PAYMENT), "payment-commands", key="p1")
    await eventy_app.settled()
    assert told(eventy_app) == ["PaymentRejected"]
    assert await statistics(eventy_app) == {"created": 0, "confirmed": 0, "rejected": 1}


async def test_command_that_comes_twice_is_one_payment_and_counts_once(eventy_app: App) -> None:
    for _ in range(2):
        await eventy_app.send(CreatePayment(PAYMENT), "payment-commands", key="p1")
    await eventy_app.settled()
    assert told(eventy_app) == ["PaymentCreated"] * 2
    assert await statistics(eventy_app) == {"created": 1, "confirmed": 0, "rejected": 0}


async def test_stand_in_takes_the_place_of_a_repository(eventy_app: App) -> None:
    contracts = MemoryContractRepository()
    await contracts.set_status("c1", ContractStatus.SUSPENDED)
    with eventy_app.container.contract_repository.override(contracts):
        await eventy_app.send(CreatePayment(PAYMENT), "payment-commands", key="p1")
        await eventy_app.settled()
    assert told(eventy_app) == ["PaymentRejected"]


# ---------------------------------------------------------------- what it withstands


@side_by_side
async def test_command_that_fails_is_tried_again_with_growing_waits(eventy_app: App) -> None:
    eventy_app.fail_next(CreatePayment, ConnectionError("the database is away"), times=3)
    await eventy_app.send(CreatePayment(PAYMENT), "payment-commands", key="p1")
    await eventy_app.advance(1_000 + 2_000)
    assert told(eventy_app) == []
    await eventy_app.advance(4_000)
    assert told(eventy_app) == ["PaymentCreated"]


async def test_handler_that_fails_at_its_end_leaves_no_payment_and_tells_nothing(eventy_app: App) -> None:
    eventy_app.fail_next(CreatePayment, ConnectionError("the database is away"), after=True)
    await eventy_app.send(CreatePayment(PAYMENT), "payment-commands", key="p1")
    await eventy_app.advance(999)
    assert await eventy_app.container.payment_repository().get("p1") is None
    assert told(eventy_app) == []
    await eventy_app.settled()
    assert told(eventy_app) == ["PaymentCreated"]


@pytest.mark.eventy(settings={"consumer_on_exhausted": "dead_letter", "consumer_max_retries": 1})
async def test_contract_event_that_is_given_up_is_put_aside_and_payments_go_on(eventy_app: App) -> None:
    eventy_app.fail_next(contract_changed, ValueError("no such contract"), times=2)
    await eventy_app.send(SUSPENDED, "contract-events", key="c1")
    await eventy_app.send(CreatePayment(PAYMENT), "payment-commands", key="p1")
    await eventy_app.settled()
    (letter,) = eventy_app.dead_letters("contract-events")
    assert letter.event is not None
    assert (letter.event.data["contract_id"], letter.message) == ("c1", "no such contract")
    assert told(eventy_app) == ["PaymentCreated"]


@side_by_side
@exactly_once
async def test_rebalances_and_a_crash_cost_no_payment_and_repeat_no_event(eventy_app: App) -> None:
    for number in range(30):
        command = CreatePayment({**PAYMENT, "id": f"p{number}"})
        await eventy_app.send(command, "payment-commands", key=f"p{number}")
        if number in (10, 20):
            await eventy_app.rebalance()
    await eventy_app.crash_and_restart()
    await eventy_app.settled()
    assert len(await eventy_app.container.payment_repository().of_contract("c1")) == 30
    assert sorted(event.data["id"] for event in eventy_app.emitted("payment-events")) == sorted(
        f"p{number}" for number in range(30)
    )


async def test_view_is_rebuilt_after_a_crash(eventy_app: App) -> None:
    await eventy_app.send(CreatePayment(PAYMENT), "payment-commands", key="p1")
    await eventy_app.settled()
    await eventy_app.crash_and_restart()
    await eventy_app.settled()
    assert await statistics(eventy_app) == {"created": 1, "confirmed": 0, "rejected": 0}
    assert told(eventy_app) == ["PaymentCreated"]


async def test_while_the_broker_is_down_nothing_is_promised_and_afterwards_nothing_is_lost(eventy_app: App) -> None:
    body = {"contract_id": "c1", "amount": 1_250, "currency": "EUR"}
    await eventy_app.send(CreatePayment(PAYMENT), "payment-commands", key="p1")
    with eventy_app.broker_down():
        assert (await eventy_app.http.post("/payments", json=body)).status_code == 503
        assert (await eventy_app.http.get("/health/ready")).status_code == 503
        await eventy_app.advance(60_000)
    await eventy_app.settled()
    assert (await eventy_app.http.get("/health/ready")).status_code == 200
    assert told(eventy_app) == ["PaymentCreated"]


# ---------------------------------------------------------------- side by side


async def test_confirmation_never_overtakes_its_payment(eventy_app: App) -> None:
    ids = [f"p{number}" for number in range(10)]
    await asyncio.gather(
        *(eventy_app.send(CreatePayment({**PAYMENT, "id": one}), "payment-commands", key=one) for one in ids)
    )
    await asyncio.gather(*(eventy_app.send(ConfirmPayment({"id": one}), "payment-commands", key=one) for one in ids))
    await eventy_app.settled()
    assert await statistics(eventy_app) == {"created": 0, "confirmed": 10, "rejected": 0}
