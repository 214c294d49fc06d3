"""What an application in a test has alike, whatever broker it runs on."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from eventy.app.check import build_app
from eventy.app.eventy import Eventy
from eventy.event.base import BaseEvent
from eventy.event.registry import Registry
from eventy.message.record import Record
from eventy.testing import client
from eventy.testing.container import built_anew, check_names
from eventy.testing.deliveries import Deliveries, Fault, Handler
from eventy.testing.errors import HarnessError
from eventy.testing.letters import Letter
from eventy.testing.overrides import OverrideError, Overrides, overrides_undone

C = TypeVar("C")

_NAMES = ("config", "clock", "broker", "event_serializer", "app")
#: The `ce_source` of what tests send.
SOURCE = "harness"


class BaseHarness(ABC, Generic[C]):
    """Runs a container's `app` inside `async with`.

    Parameters
        container: as the service builds it. Its singletons are built anew for the test, and dropped after it; what an
            application that was built before was given by `add_task` is dropped with it.
        deadline: real seconds that anything may take.

    Leaving it raises what the application has failed by, and OverrideError for overrides that were made inside and not
    undone. Raises HarnessError for a container that lacks one of the names that it relies on, and when it is used in
    another event loop than the one that it was entered in.
    """

    def __init__(self, container: C, *, deadline: float) -> None:
        check_names(container, _NAMES, wanted_by="a harness")
        self.container = container
        self._untyped: Any = container
        self._deadline = deadline
        self._before = ExitStack()
        self._client: client.httpx.AsyncClient | None = None
        self._faults: list[Fault] = []
        self._told: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    # ------------------------------------------------------------ its life

    async def __aenter__(self) -> Self:
        with ExitStack() as before:
            before.enter_context(self._in_this_loop())
            before.enter_context(built_anew(self.container))
            before.callback(Overrides(self.container).undo)
            self._override()
            before.enter_context(overrides_undone(self.container))
            await self._enter()
            self._before = before.pop_all()
        return self

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

    @contextmanager
    def _in_this_loop(self) -> Iterator[None]:
        if self._loop is not None:
            raise HarnessError("the harness is entered already: leave it first, or make another, of another container")
        self._loop = asyncio.get_running_loop()
        try:
            yield
        finally:
            self._loop = None

    @abstractmethod
    def _override(self) -> None:
        """Put the backends that the test runs on into the container."""

    @abstractmethod
    async def _enter(self) -> None:
        """Build the application, start it, and return when it is ready."""

    @abstractmethod
    async def _leave(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the application: in good order, or at once when the test has failed."""

    def _build(self) -> None:
        """Build the application, and what is to stand before its handlers."""
        self.app: Eventy = build_app(self._untyped)
        has_registry = "registry" in self._untyped.providers
        self._deliveries = Deliveries(self._untyped.registry() if has_registry else Registry())
        self._deliveries.faults = self._faults

    @abstractmethod
    def _check_runs(self) -> None:
        """Raise HarnessError when there is no application that runs, or it runs in another loop than this."""

    def _check_loop(self) -> None:
        """Raise HarnessError in another event loop: nothing of the application would go on. In none it is all right."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        if loop is not self._loop:
            raise HarnessError(
                "the harness was entered in another event loop than this, in which nothing of the application goes on: "
                "with pytest-asyncio the fixture's loop isn't the test's. Give both one scope in pytest's settings, "
                'asyncio_default_fixture_loop_scope = "function" and asyncio_default_test_loop_scope = "function", or '
                "by loop_scope=… where a fixture or a test (@pytest.mark.asyncio) has one of its own"
            )

    # ------------------------------------------------------------ sending and looking

    @abstractmethod
    async def send(self, event: BaseEvent, destination: str, key: str | bytes | None = None) -> None:
        """Send an event to a topic, as another service would: whatever stands in for the application's own emitter.

        Inside `async with` only.
        """

    @abstractmethod
    def _records(self, topic: str) -> Sequence[Record]:
        """Return the records of a topic, in order within a partition."""

    def emitted(self, topic: str) -> list[BaseEvent]:
        """Return the events of a topic, in order within a partition; on Kafka those of when `settled` returned."""
        decode = self._untyped.event_serializer().decode
        return [decode(record.value) for record in self._records(topic) if record.value is not None]

    def dead_letters(self, topic: str) -> list[Letter]:
        """Return the messages of a topic that were put aside, in order as `emitted` has them."""
        serializer = self._untyped.event_serializer()
        return [Letter.of(record, serializer) for record in self._records(self._letters_of(topic))]

    def _letters_of(self, topic: str) -> str:
        return f"{topic}{self._untyped.config.dead_letter_suffix()}"

    @property
    def http(self) -> client.httpx.AsyncClient:
        """A client of the application's own server. Raises HarnessError without one, and without httpx."""
        self._check_runs()
        if self._client is None:
            self._client = client.client_of(self._untyped, self._deadline)
        return self._client

    async def _close_client(self) -> None:
        old, self._client = self._client, None
        if old is not None:
            await old.aclose()

    # ------------------------------------------------------------ work and faults

    @abstractmethod
    async def settled(self) -> None:
        """Return when nothing is left to do: every message handled, every send flushed, no retry waiting.

        Raises NotSettledError after the deadline, saying what is open, and what the application has failed by.
        """

    def fail_next(
        self,
        handler: Handler,
        error: BaseException | type[BaseException] = RuntimeError,
        times: int = 1,
        *,
        after: bool = False,
    ) -> Fault:
        """Have the next attempts at messages of a handler fail; what follows is what the settings say of failures.

        Parameters
            handler: a class of messages, a function of `on(…)`, or a message's full name.
            error: what the attempts raise.
            times: how many of them.
            after: whether the handlers run first, so that there is something to be undone; else they aren't called.

        Returns what is counted down: its `left` is 0 when all of it has happened. Raises UnknownNameError for a handler
        that there isn't, HarnessError for an error that is none or for no attempts.
        """
        self._check_runs()
        fault = Fault(handler, error, times, after)
        self._deliveries.fail(fault)
        return fault


def not_entered() -> HarnessError:
    """Return the error of whoever uses a harness before it is entered, or after it is left."""
    return HarnessError("the harness isn't entered: use it inside `async with Harness(…) as app:`")
