"""What this service can be asked to do, on the topic `payment-commands`.

A message may be delivered more than once. So each command stores once, and says each time what came of it: a command
that stayed silent the second time would lose the event of a first run that was cut short before it was sent.
"""

from __future__ import annotations

from eventy.command.base import BaseCommand
from eventy.emitter.base import BaseEventEmitter
from payment.events import PaymentRejected, outcome_of_confirming, outcome_of_creating
from payment.model import Payment, Reason
from payment.repository.base import ContractRepository, PaymentRepository


class CreatePayment(BaseCommand):
    """Store a payment.

    Data: `id`, `contract_id`, `amount` in minor units, `currency`. Answered by PaymentCreated or PaymentRejected.
    """

    @classmethod
    def name(cls) -> str:
        return "qotto.payment.command.CreatePayment"

    async def execute(
        self,
        payment_repository: PaymentRepository,
        contract_repository: ContractRepository,
        event_emitter: BaseEventEmitter,
    ) -> None:
        contract = await contract_repository.status(self.data["contract_id"])
        # What was stored first counts: the contract may have changed since, and the payment may have been confirmed.
        payment = await payment_repository.add(Payment.create(self.data, contract))
        await event_emitter.send(outcome_of_creating(payment), "payment-events", key=payment.id)


class ConfirmPayment(BaseCommand):
    """Confirm a payment.

    Data: `id`. Answered by PaymentConfirmed, or by PaymentRejected when there is no such payment or it was rejected.
    """

    @classmethod
    def name(cls) -> str:
        return "qotto.payment.command.ConfirmPayment"

    async def execute(self, payment_repository: PaymentRepository, event_emitter: BaseEventEmitter) -> None:
        payment_id = self.data["id"]
        payment = await payment_repository.get(payment_id)
        if payment is None:
            rejected = PaymentRejected.because(payment_id, Reason.UNKNOWN_PAYMENT)
            await event_emitter.send(rejected, "payment-events", key=payment_id)
            return
        payment = payment.confirm()
        await payment_repository.update(payment)
        await event_emitter.send(outcome_of_confirming(payment), "payment-events", key=payment_id)
