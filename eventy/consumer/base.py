"""The contract of a consumer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from eventy.clock import Clock
from eventy.consumer.checkpoints import CheckpointCallback
from eventy.emitter.base import BaseEventEmitter
from eventy.handler.attempt import Deliver


class BaseEventConsumer(ABC):
    """Receives the messages of some topics and delivers their events.

    A consumer is built with `broker`, `serializer`, `clock`, `event_topics`, `event_group`, `position`, `scope`,
    `options` and the options as keywords; see `eventy.consumer.engine`.
    """

    #: The broker that it needs: `memory`, `kafka`, or a name of your own, which the settings then don't judge.
    broker_kind: ClassVar[str]

    @classmethod
    def connect(cls, config: Mapping[str, Any], clock: Clock) -> object:
        """Return what all consumers and emitters of this kind are given as their `broker`.

        Parameters
            config: every setting, by its name in lower case without `EVENTY_`.
        """
        return None

    def check_emitter(self, emitter: BaseEventEmitter) -> None:  # noqa: B027 - not everyone has conditions
        """Raise ConfigurationError when the handlers of this consumer can't send by an emitter of the application."""

    @abstractmethod
    async def start(self, deliver: Deliver) -> None:
        """Begin. Returns when the consumer is supervised; connecting goes on behind it."""

    @abstractmethod
    async def stop(self) -> None:
        """Finish what runs, flush, commit and leave. When cancelled: give up at once, commit nothing unfinished."""

    def lost(self) -> int:
        """Return how many messages would be lost if the process ended now; a broker of its own loses none."""
        return 0

    @abstractmethod
    async def wait(self) -> None:
        """Return when stopped; raise what ended the consumer otherwise."""

    @abstractmethod
    def set_checkpoint_callback(self, callback: CheckpointCallback) -> None:
        """Have a function called, once, when all partitions are read up to their checkpoints.

        The checkpoint is the offset that the group had committed when the partition was assigned; without a group, and
        from `earliest`, the end that the partition had then. So with `latest` and `committed` it is called as soon as
        partitions are assigned. An error of it ends the consumer.
        """

    @abstractmethod
    def readiness(self) -> str | None:
        """Return None when messages are received, else the reason why not."""
