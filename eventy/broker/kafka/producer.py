"""A producer of the Kafka client, replaced after any error."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiokafka import AIOKafkaProducer

from eventy.broker.kafka.closing import Closings, close_producer
from eventy.broker.kafka.connection import RECONNECT, KafkaConnection
from eventy.broker.kafka.requests import REQUEST_TIMEOUT, started, translated
from eventy.errors import BrokerError, BrokerUnavailableError, RecordTooLargeError

T = TypeVar("T")

logger = logging.getLogger(__name__)


class LiveProducer:
    """A live producer, replaced after any error.

    An idempotent producer whose batch was refused goes on with a gap in its sequence numbers: every later batch to
    that partition fails. Those to others don't: what runs with a producer that is replaced for a refusal goes on to
    its end.
    """

    def __init__(self, connection: KafkaConnection) -> None:
        self._connection = connection
        self._live: AIOKafkaProducer | None = None
        self._uses = Counter[AIOKafkaProducer]()
        self._is_closed = False
        self._starting = asyncio.Lock()
        self._recovering: asyncio.Task[None] | None = None
        self._closings = Closings()
        self.trouble: str | None = None

    async def get(self, seconds: float = REQUEST_TIMEOUT) -> AIOKafkaProducer:
        """Return the producer, started within so many seconds. Raises BrokerUnavailableError."""
        async with self._starting:
            self._check_open()
            if self._live is None:
                producer = AIOKafkaProducer(**self._connection.producer_options())
                try:
                    await started(producer, seconds)
                    self._check_open()
                except BaseException:
                    await close_producer(producer)
                    raise
                self._live = producer
            return self._live

    def _check_open(self) -> None:
        if self._is_closed:
            raise BrokerUnavailableError("the producer is closed, nothing can be sent any more")

    async def run(self, send: Callable[[AIOKafkaProducer], Awaitable[T]], what: str, seconds: float) -> T:
        """Return what `send` does with the live producer, with eventy's errors; after one the producer is replaced."""
        producer = None
        try:
            with translated(what):
                async with asyncio.timeout(seconds):
                    producer = await self.get()
                    self._uses[producer] += 1
                    result = await send(producer)
        except (BrokerError, RecordTooLargeError) as error:
            if producer is not None and producer is self._live:
                self._live = None
            if isinstance(error, BrokerUnavailableError):
                if producer is not None:  # what is in doubt isn't to be written behind the back of what follows
                    self._closings.close(producer)
                self._recover(error)
            else:
                self._reached()
            raise
        else:
            self._reached()
            return result
        finally:
            if producer is not None:
                self._leave(producer)

    def _leave(self, producer: AIOKafkaProducer) -> None:
        """End a use of a producer; the last one of one that was replaced ends that."""
        self._uses[producer] -= 1
        if not self._uses[producer]:
            del self._uses[producer]
            if producer is not self._live and not self._is_closed:
                self._closings.close(producer)

    def doubt(self, error: BrokerUnavailableError) -> None:
        """Be in trouble until the broker answers: somebody has waited too long, others still wait."""
        if self.trouble is None:
            self.trouble = str(error)

    def _reached(self) -> None:
        if self._recovering is None or self._recovering.done():
            self.trouble = None

    def _recover(self, error: BrokerUnavailableError) -> None:
        """Be in trouble until a new producer has reached the broker: nobody may send before we are ready again."""
        if self._is_closed:
            return
        self.trouble = str(error)
        if self._recovering is None or self._recovering.done():
            self._recovering = asyncio.create_task(self._until_reached())

    async def _until_reached(self) -> None:
        while self.trouble is not None:
            try:
                await self.get()
            except BrokerError:  # a refusal too: ended by it, we would be in trouble for ever
                await asyncio.sleep(RECONNECT)
            else:
                self.trouble = None

    async def close(self) -> None:
        """Disconnect, for good: who still sends gets BrokerUnavailableError."""
        self._is_closed = True
        if self._recovering is not None:
            self._recovering.cancel()
            await asyncio.wait({self._recovering})
        used = set(self._uses)
        if self._live is not None:
            used.add(self._live)
            self._live = None
        for producer in used:
            self._closings.close(producer)
        await self._closings.wait()
