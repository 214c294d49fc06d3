"""A service that notes what it handles and passes it on; settings beside eventy's own: WORKER_…

Run as `python -m tests.kafka.faults.worker`.
"""

from __future__ import annotations

import os

from eventy.app.eventy import Eventy
from eventy.app.settings import load_settings
from eventy.clock import Clock
from eventy.emitter.base import BaseEventEmitter
from eventy.event.base import BaseEvent
from eventy.event.registry import Registry, on
from eventy.message.context import Context
from eventy.testing.conformance.serializer import NAME
from tests.kafka.faults.freeze import freeze_in_a_transaction
from tests.kafka.faults.journal import Journal

OUT = os.environ.get("WORKER_OUT", "")
# Seconds of work for most messages. A few take longer, so that with lanes those after them are done first.
WORK = float(os.environ.get("WORKER_WORK", "0"))
SLOW_ONE_IN = 47  # a prime, or they would all be of the same keys
SLOW = 25 * WORK


class MeantToFailError(Exception):
    """What the message asked for."""


async def handle(event: BaseEvent, context: Context, emitter: BaseEventEmitter, clock: Clock, journal: Journal) -> None:
    """Fail as often as the message says, then pass it on."""
    number = event.data["n"]
    await clock.sleep(WORK if number % SLOW_ONE_IN else SLOW)
    fails = context.attempt <= event.data.get("fails", 0)
    await emitter.send(event, OUT, key=context.key)
    journal.note(number, context, fails=fails)
    if fails:
        raise MeantToFailError(f"attempt {context.attempt} at {number}")


async def note_counts(app: Eventy, clock: Clock) -> None:
    while True:
        app.get("journal").note_counts(app.get("consumer").counts)
        await clock.sleep(0.1)


def build() -> Eventy:
    settings, app = load_settings(), Eventy()
    app.set("registry", Registry([on(NAME, handle)]))
    app.set("journal", Journal(os.environ["WORKER_JOURNAL"]))
    serializer = app.configure_event_serializer(settings=settings, serializer_name="serializer")
    app.configure_emitter(settings=settings, serializer=serializer, emitter_name="emitter")
    app.configure_consumer(
        settings=settings,
        serializer=serializer,
        consumer_name="consumer",
        event_topics=[os.environ["WORKER_TOPIC"]],
        event_group=os.environ["WORKER_GROUP"],
        position="committed",
    )
    app.add_task(note_counts(app, Clock()))
    if "WORKER_FREEZES" in os.environ:
        freeze_in_a_transaction()
    return app


if __name__ == "__main__":
    build().start()
