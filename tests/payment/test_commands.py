from __future__ import annotations

from payment.commands import ConfirmPayment, CreatePayment
from payment.model import ContractStatus, PaymentStatus, Reason
from payment.repository.memory import MemoryContractRepository, MemoryPaymentRepository
from tests.payment.fakes import RecordingEmitter, Sent

DATA = {"id": "p1", "contract_id": "c1", "amount": 1_250, "currency": "EUR"}
CREATED = Sent("qotto.payment.event.PaymentCreated", DATA, "payment-events", "p1")
CONFIRMED = Sent("qotto.payment.event.PaymentConfirmed", DATA, "payment-events", "p1")


def rejected(payment_id: str, reason: str) -> Sent:
    data: dict[str, object] = {"id": payment_id, "reason": reason}
    return Sent("qotto.payment.event.PaymentRejected", data, "payment-events", payment_id)


class Service:
    """The commands with what they need; each call is one delivery."""

    def __init__(self) -> None:
        self.payments = MemoryPaymentRepository()
        self.contracts = MemoryContractRepository()
        self.emitter = RecordingEmitter()

    async def create(self) -> None:
        await CreatePayment(dict(DATA)).execute(self.payments, self.contracts, self.emitter)

    async def confirm(self, payment_id: str = "p1") -> None:
        await ConfirmPayment({"id": payment_id}).execute(self.payments, self.emitter)

    async def status(self) -> PaymentStatus | None:
        payment = await self.payments.get("p1")
        return payment.status if payment else None


async def test_create_stores_the_payment_and_tells_it() -> None:
    service = Service()
    await service.create()
    assert await service.status() is PaymentStatus.CREATED
    assert service.emitter.sent == [CREATED]


async def test_create_delivered_twice_stores_once_and_tells_twice() -> None:
    service = Service()
    await service.create()
    await service.create()
    assert len(await service.payments.of_contract("c1")) == 1
    assert service.emitter.sent == [CREATED, CREATED]


async def test_create_delivered_again_after_the_confirmation_tells_created_and_leaves_it_confirmed() -> None:
    service = Service()
    await service.create()
    await service.confirm()
    await service.create()
    assert await service.status() is PaymentStatus.CONFIRMED
    assert service.emitter.sent == [CREATED, CONFIRMED, CREATED]


async def test_create_delivered_again_after_the_contract_was_suspended_tells_created_again() -> None:
    service = Service()
    await service.create()
    await service.contracts.set_status("c1", ContractStatus.SUSPENDED)
    await service.create()
    assert await service.status() is PaymentStatus.CREATED
    assert service.emitter.sent == [CREATED, CREATED]


async def test_create_for_a_suspended_contract_stores_and_tells_the_rejection() -> None:
    service = Service()
    await service.contracts.set_status("c1", ContractStatus.SUSPENDED)
    await service.create()
    assert await service.status() is PaymentStatus.REJECTED
    assert service.emitter.sent == [rejected("p1", "contract_suspended")]


async def test_rejected_create_delivered_again_after_the_contract_was_activated_tells_the_rejection_again() -> None:
    service = Service()
    await service.contracts.set_status("c1", ContractStatus.SUSPENDED)
    await service.create()
    await service.contracts.set_status("c1", ContractStatus.ACTIVE)
    await service.create()
    assert await service.status() is PaymentStatus.REJECTED
    assert service.emitter.sent == [rejected("p1", "contract_suspended")] * 2


async def test_confirm_stores_the_status_and_tells_it() -> None:
    service = Service()
    await service.create()
    await service.confirm()
    assert await service.status() is PaymentStatus.CONFIRMED
    assert service.emitter.sent == [CREATED, CONFIRMED]


async def test_confirming_twice_tells_confirmed_twice() -> None:
    service = Service()
    await service.create()
    await service.confirm()
    await service.confirm()
    assert service.emitter.sent == [CREATED, CONFIRMED, CONFIRMED]


async def test_confirming_an_unknown_payment_is_told_as_a_rejection() -> None:
    service = Service()
    await service.confirm("nobody")
    assert service.emitter.sent == [rejected("nobody", Reason.UNKNOWN_PAYMENT)]
    assert await service.payments.get("nobody") is None


async def test_confirming_a_rejected_payment_tells_why_it_was_rejected_and_leaves_it_so() -> None:
    service = Service()
    await service.contracts.set_status("c1", ContractStatus.SUSPENDED)
    await service.create()
    await service.confirm()
    assert await service.status() is PaymentStatus.REJECTED
    assert service.emitter.sent == [rejected("p1", "contract_suspended")] * 2
