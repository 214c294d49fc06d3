import asyncio

import adapter
import blueprints as sms
import settings
from commands import CreatePaymentCommand
from events import PaymentCreatedEvent
from tasks import myTask

from eventy.app.eventy import Eventy
from eventy.event.generic import GenericEvent

# init eventy app
app = Eventy()

# configure the serializer
serializer = app.configure_event_serializer(
    settings=settings, serializer_name='serializer')

# register event/command classes
serializer.register_event_class(CreatePaymentCommand, 'qotto.payment.command.CreatePaymentCommand')
serializer.register_event_class(PaymentCreatedEvent, 'qotto.payment.event.PaymentCreated')
serializer.register_event_class(GenericEvent, 'qotto.contract.*.Contract[Suspended|Activated]')

# configure a command consumer
app.configure_consumer(settings=settings, serializer=serializer, consumer_name='payment_commands_consummer',
                       event_topics=['payment-commands'], event_group='payment', position='latest')

# configure an event consumer
app.configure_consumer(settings=settings, serializer=serializer, consumer_name='payment_events_consummer',
                       event_topics=['payment-events'], event_group=None, position='earliest')

# configure a command/event emitter named emitter
app.configure_emitter(settings=settings, serializer=serializer,
                      emitter_name="emitter")

# configure the http handler
app.configure_http_handler(
    settings=settings, http_handler_name='http_handler')

# register a blueprint on the http handler (sanic)
app.get('http_handler').blueprint(sms.bp)

# register some elements in the app
app.set('payment_repository', adapter.get_payment_repository())

# register other async tasks
asyncio.ensure_future(myTask.run())

# start the app
app.start()
