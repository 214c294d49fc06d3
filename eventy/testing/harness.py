"""An application in a test: on the in-process broker, with a clock that waits for nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from dependency_injector import providers

from eventy.app.check import build_app
from eventy.broker.memory import MemoryBroker
from eventy.consumer.memory import MemoryConsumer
from eventy.emitter.memory import MemoryEmitter
from eventy.errors import EventyError, SendError
from eventy.event.base import BaseEvent
from eventy.testing.clock import VirtualClock
from eventy.testing.overrides import OverrideError, Overrides, overrides_undone

C = TypeVar("C")

# Steps of the loop from a timer to the task that waits for it: the timer's task, who waits for it, the worker.
_TURNS = 5
# Real seconds; what isn't settled by then never will be.
_DEADLINE = 10.0

_IN_MEMORY = {
    "event_consumer": f"{MemoryConsumer.__module__}.{MemoryConsumer.__qualname__}",
    "event_emitter": f"{MemoryEmitter.__module__}.{MemoryEmitter.__qualname__}",
    "kafka_bootstrap_server": None,
    "http_handler_host": "127.0.0.1",
    "http_handler_port": 0,
}


class NotSettledError(EventyError, AssertionError):
    """Work is still open after the deadline; the message says what."""


class Harness(Generic[C]):
    """Runs a container's `app` inside `async with`.

    Parameters
        container: as the service builds it. Its singletons are built anew for the test, and dropped after it.

    Leaving it raises what the application has failed by, and OverrideError for overrides that were made inside and not
    undone.
    """

    def __init__(self, container: C) -> None:
        self.container = container
        self._untyped: Any = container
        self._entered = False
        self.clock = VirtualClock()
        self._before = ExitStack()

    async def __aenter__(self) -> Self:
        self._before.enter_context(self._untyped.reset_singletons())
        self._before.callback(Overrides(self.container).undo)
        self._untyped.config.override(self._settings())
        self._untyped.clock.override(providers.Object(self.clock))
        self._before.enter_context(overrides_undone(self.container))
        try:
            self.app = build_app(self._untyped)
            await self.app.__aenter__()
            await self._ready()
        except BaseException:
            with self._before:
                raise
        self._entered = True
        return self

    async def _ready(self) -> None:
        """Return when every consumer has its partitions."""
        try:
            async with asyncio.timeout(_DEADLINE):
                while self.app.readiness():  # noqa: ASYNC110 - a matter of a few steps of other tasks, not of time
                    await asyncio.sleep(0)
        except TimeoutError:
            await self.app.__aexit__(None, None, None)
            raise NotSettledError(f"not ready after {_DEADLINE:g} s: {self.app.readiness()}") from None

    def _settings(self) -> Mapping[str, Any]:
        return {**self._untyped.config(), **_IN_MEMORY}

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with self._before:
                await self._leave(kind, error, trace)
        except OverrideError as left:
            if error is None:
                raise
            error.add_note(str(left))  # the test's own failure is the one to show

    async def _leave(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        advancing = asyncio.create_task(self._advance())  # what still waits for a retry is let go
        try:
            async with asyncio.timeout(_DEADLINE):
                await self.app.__aexit__(kind, error, trace)
        finally:
            advancing.cancel()
            await asyncio.wait({advancing})

    @property
    def _broker(self) -> MemoryBroker:
        broker: MemoryBroker = self._untyped.broker()
        return broker

    async def send(self, event: BaseEvent, destination: str, key: str | bytes | None = None) -> None:
        """Send an event to a topic, as another service would. Inside `async with` only."""
        if not self._entered:
            raise SendError("the harness isn't entered: send inside `async with Harness(…) as app:`")
        await self._untyped.event_emitter().send(event, destination, key=key)

    def emitted(self, topic: str) -> list[BaseEvent]:
        """Return the events of a topic, in order within a partition."""
        serializer = self._untyped.event_serializer()
        return [serializer.decode(record.value) for record in self._broker.records(topic) if record.value is not None]

    async def settled(self) -> None:
        """Return when nothing is left to do: every message handled, every send flushed, no retry waiting.

        Retries that wait are let go at once. Raises NotSettledError after ten real seconds, saying what is open.
        """
        try:
            async with asyncio.timeout(_DEADLINE):
                while self._broker.lag():
                    await self._step()
        except TimeoutError:
            open_now = {f"{group}: {partition}": count for (group, partition), count in self._broker.lag().items()}
            raise NotSettledError(f"still unhandled after {_DEADLINE:g} s: {json.dumps(open_now, indent=2)}") from None

    async def _advance(self) -> None:
        while True:
            await self._step()

    async def _step(self) -> None:
        """Let something happen: the next timer, when nothing else is left to do but wait for retries."""
        if not self._only_retries():
            await self._broker.change()
            return
        await self._turns()  # the last retry to come has set its timer then
        if self._only_retries() and self.clock.advance_to_next():
            await self._turns()  # whose timer it was has noticed then

    def _only_retries(self) -> bool:
        open_ = self._broker.lag().keys()
        return bool(open_) and self._broker.asleep() >= open_

    async def _turns(self) -> None:
        for _ in range(_TURNS):
            await self.clock.sleep(0)
