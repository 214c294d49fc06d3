from typing import Any, Dict

from eventy.app.base import BaseApp
from eventy.event.base import BaseEvent


class PaymentCreatedEvent(BaseEvent):

    def __init__(self, data: Dict[str, Any]) -> None:
        super().__init__(data=data)

    # This method is called by the consumer to instantiate the class
    @classmethod
    def from_data(cls, event_name: str, event_data: Dict[str, Any]):
        return cls(event_data)

    @classmethod
    def name(cls):
        return 'qotto.payment.event.PaymentEvent'

    # This method is called when the event is received
    async def handle(self, app: BaseApp, corr_id: str):
        print('handled', self.data['payment_id'], corr_id, app.get('payment_repository'), flush=True)
