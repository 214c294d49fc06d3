"""The engine behind every consumer: the same for all brokers, over the small port to each."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from typing import Generic, Self, TypeVar, Unpack

from eventy.clock import Clock
from eventy.consumer.base import BaseEventConsumer
from eventy.consumer.checkpoints import CheckpointCallback
from eventy.consumer.counts import Counts
from eventy.consumer.options import ConsumerOptions, ConsumerOverrides, is_exactly_once, override
from eventy.consumer.port import Port
from eventy.consumer.positions import check_position
from eventy.consumer.run import Run
from eventy.consumer.subscription import Subscription, Topic
from eventy.consumer.treatment import Treatment
from eventy.consumer.turns import Turns
from eventy.emitter.base import BaseEventEmitter
from eventy.errors import ConfigurationError, EventyError
from eventy.handler.attempt import Attempt, Deliver
from eventy.handler.scope import Scope, check_scope
from eventy.serializer.base import BaseEventSerializer

logger = logging.getLogger(__name__)

Broker = TypeVar("Broker")


class EngineConsumer(BaseEventConsumer, Generic[Broker]):
    """Everything a consumer does but talk to its broker.

    Parameters
        broker: what is shared with the emitters of the kind, see `connect`.
        serializer: gives messages their events.
        clock: gives the time.
        event_topics: the topics to read, names and compiled patterns mixed; a pattern means every topic that it
            matches as a whole, those that appear later too, but neither internal topics nor dead letters.
        event_group: shares partitions and offsets with its other members; None: all partitions, no offsets.
        position: where to begin, see `eventy.consumer.positions`.
        scope: makes what is opened around each attempt at a message, such as `database.transaction`.
        options: retries and the like; single ones can be given as keywords beside.

    Raises ConfigurationError.
    """

    def __init__(
        self,
        *,
        broker: Broker,
        serializer: BaseEventSerializer,
        clock: Clock,
        event_topics: Sequence[Topic],
        event_group: str | None,
        position: str,
        scope: Scope | None = None,
        options: ConsumerOptions | None = None,
        **overrides: Unpack[ConsumerOverrides],
    ) -> None:
        self.subscription = Subscription.of(event_topics)
        self.group = event_group
        try:
            check_position(position, event_group)
            check_scope(scope)
            self._options = override(options or ConsumerOptions(), overrides)
        except ConfigurationError as error:
            raise ConfigurationError(f"{self.name}: {error}") from error
        self.subscription = replace(self.subscription, excluded_suffix=self._options.dead_letter_suffix)
        self._broker = broker
        self._serializer = serializer
        self._clock = clock
        self._scope = scope
        self._position = position
        self._checkpoint_callback: CheckpointCallback | None = None
        self._run: Run | None = None
        #: What was done so far.
        self.counts = Counts()

    @abstractmethod
    def _port(self) -> Port:
        """Return a new port to the broker."""

    @property
    def name(self) -> str:
        group = f"group {self.group}" if self.group is not None else "no group"
        return f"consumer of {self.subscription} ({group})"

    async def start(self, deliver: Deliver) -> None:
        if self._run is not None and not self._run.is_over:
            raise EventyError(f"{self.name} is started already: stop it first")
        self._tell_what_has_no_use()
        treatment = Treatment(
            clock=self._clock,
            options=self._options,
            group=self.group,
            attempt=Attempt(
                self._serializer,
                deliver,
                self._scope,
                self.group,
                replay_emits=self._options.replay_emits,
                transactions_of=self._broker if self._is_exactly_once else None,
                passed_over=self._count_tombstone,
            ),
            counts=self.counts,
            turns=Turns(self._clock),
        )
        self._run = Run(self.name, treatment, port=self._port(), position=self._position)
        if self._checkpoint_callback is not None:
            self._run.set_checkpoint_callback(self._checkpoint_callback)

    @property
    def _is_exactly_once(self) -> bool:
        return is_exactly_once(self._options, self.group)

    def check_emitter(self, emitter: BaseEventEmitter) -> None:
        if self._is_exactly_once and not emitter.is_transactional_with(self._broker):
            raise ConfigurationError(
                f"{self.name} delivers exactly once, but {type(emitter).__qualname__}, an emitter of this application, "
                f"can't take part in the transactions of {type(self).__qualname__}: use the emitter of the same broker "
                "(EVENTY_EVENT_EMITTER), or set EVENTY_CONSUMER_DELIVERY=at_least_once"
            )

    def _count_tombstone(self) -> None:
        self.counts.tombstones_passed_over += 1

    def _tell_what_has_no_use(self) -> None:
        if self.group is None and self._options.delivery == "exactly_once":
            logger.info(
                "%s: delivery is 'exactly_once', which has no use without a group: there is no offset to commit with "
                "what is sent, and everything is read again at each start",
                self.name,
            )
        if self.group is None and self._options.on_exhausted == "dead_letter":
            logger.info(
                "%s: on_exhausted is 'dead_letter', which acts as 'skip' without a group: everything is read again at "
                "each start, and would be put aside each time",
                self.name,
            )

    def set_checkpoint_callback(self, callback: CheckpointCallback) -> None:
        self._checkpoint_callback = callback
        if self._run is not None:
            self._run.set_checkpoint_callback(callback)

    @property
    def run(self) -> Run | None:
        """What it has been doing since its start: to be asked, by a test for example."""
        return self._run

    def member(self) -> Self:
        """Return another consumer like it that isn't started: one more member of its group, as a process has."""
        other = copy(self)
        other._run = None
        other.counts = Counts()
        return other

    async def stop(self) -> None:
        if self._run is not None:
            await self._run.stop()

    async def wait(self) -> None:
        if self._run is None:
            raise EventyError(f"{self.name} isn't started")
        await self._run.wait()

    def lost(self) -> int:
        return 0 if self._run is None else self._run.lost()

    def readiness(self) -> str | None:
        return "not started" if self._run is None else self._run.readiness()
