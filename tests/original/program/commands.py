from typing import Any, Dict

from events import PaymentCreatedEvent

from eventy.app.base import BaseApp
from eventy.command.base import BaseCommand


class CreatePaymentCommand(BaseCommand):

    def __init__(self, data: Dict[str, Any]) -> None:
        super().__init__(data=data)

    # This method is called by the consumer to instantiate the class
    @classmethod
    def from_data(cls, event_name: str, event_data: Dict[str, Any]):
        return cls(event_data)

    # Map the name with the event defined in the avro schema
    @classmethod
    def name(cls):
        return "qotto.payment.command.CreatePayment"

    # This method is called when the command is received
    async def execute(self, app: BaseApp, corr_id: str):

        # Emit an event on topic payment-events
        payment_created_event = PaymentCreatedEvent(data={'payment_id': self.data['payment_id'], 'caused_by': corr_id})
        await app.get('emitter').send(payment_created_event, 'payment-events')

        # Previously registered elements can be retrieved using their name
        payment_repository = app.get('payment_repository')
        payment_repository.append(self.data['payment_id'])
