"""An application in a test: on the in-process broker, with a clock that waits for nothing."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, TypeVar

from dependency_injector import providers

from eventy.app.create import create_broker
from eventy.broker.memory import MemoryBroker
from eventy.consumer.engine import EngineConsumer
from eventy.consumer.memory import MemoryConsumer
from eventy.emitter.collection import collecting
from eventy.emitter.memory import MemoryEmitter
from eventy.errors import ShutdownTimeoutError
from eventy.event.base import BaseEvent
from eventy.message.record import Record
from eventy.testing.base import SOURCE, BaseHarness, not_entered
from eventy.testing.clock import VirtualClock
from eventy.testing.container import built_anew, settings_with
from eventy.testing.errors import HarnessError, NotSettledError
from eventy.testing.letters import Letter
from eventy.testing.work import Work

__all__ = ["Harness", "HarnessError", "Letter", "NotSettledError"]

logger = logging.getLogger(__name__)

C = TypeVar("C")

# Real seconds; what isn't done by then never will be.
DEADLINE = 10.0
# Real seconds in `advance`: a database that answers takes less, a handler that waits for time to pass takes them once.
PATIENCE = 1.0


class Harness(BaseHarness[C]):
    """Runs a container's `app` inside `async with`, in memory.

    Parameters
        container: as the service builds it. Its singletons are built anew for the test, and dropped after it; what an
            application that was built before was given by `add_task` is dropped with it.
        deadline: real seconds that anything may take: to be ready, to settle, to stop.
        patience: real seconds that a handler may go on in `advance` until it counts as waiting for time to pass; by
            default 1.

    Leaving it raises what the application has failed by, and OverrideError for overrides that were made inside and not
    undone. Raises HarnessError for a container that lacks one of the names that it relies on, and when it is used in
    another event loop than the one that it was entered in.
    """

    def __init__(self, container: C, *, deadline: float = DEADLINE, patience: float | None = None) -> None:
        super().__init__(container, deadline=deadline)
        self.clock = VirtualClock()
        self._patience = PATIENCE if patience is None else patience
        self._work: Work | None = None
        self._restarted = asyncio.Event()
        self._restarted.set()
        self._not_restarted: BaseException | None = None
        self._body: asyncio.Task[Any] | None = None

    # ------------------------------------------------------------ its life

    def _override(self) -> None:
        settings = settings_with(self.container, consumer=MemoryConsumer, emitter=MemoryEmitter)
        self._untyped.config.override(settings)
        self._untyped.clock.override(providers.Object(self.clock))
        self._broker: MemoryBroker = create_broker(settings["event_consumer"], config=settings, clock=self.clock)
        self._broker_provider = providers.Object(self._broker)
        self._untyped.broker.override(self._broker_provider)

    async def _enter(self) -> None:
        self._body = asyncio.current_task()
        await self._start()

    async def _start(self) -> None:
        self._build()
        self._emitter = MemoryEmitter(
            broker=self._broker, serializer=self._untyped.event_serializer(), clock=self.clock, source=SOURCE
        )
        work = Work(
            self.app, self._broker, self.clock, self._deliveries, deadline=self._deadline, patience=self._patience
        )
        await self.app.enter(through=self._deliveries.through, on_failure=work.stir)
        try:
            await work.until(lambda: not self.app.readiness(), "not ready")
        except NotSettledError as error:
            reasons = self.app.readiness()
            await self.app.abort()
            raise NotSettledError(f"{error}\n{reasons}") from None
        self._work = work

    async def _leave(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        work, self._work = self._work, None
        assert work is not None  # it is entered
        try:
            is_cut_short = error is not None and not isinstance(error, asyncio.CancelledError)
            try:
                await self._end_members(work, at_once=is_cut_short)
            finally:
                if is_cut_short:
                    await self.app.abort()  # the test has failed: what was open is its least concern
                else:
                    await self._end(work, kind, error, trace)
        finally:
            await self._close_client()  # not before: requests that run are finished, or cut off by the server
            work.is_over = True

    async def _end(
        self, work: Work, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop in good order; what takes longer than the deadline finds that its time to shut down is over."""
        ending = asyncio.ensure_future(self.app.__aexit__(kind, error, trace))
        letting_go = asyncio.create_task(work.let_go())
        await asyncio.wait({ending}, timeout=self._deadline)
        letting_go.cancel()
        await asyncio.wait({letting_go})
        while not ending.done():
            self.clock.advance_to_next()
            await asyncio.sleep(0)
        failure = ending.exception()
        if failure is not None and failure is not self._told:
            raise failure

    @property
    def _running(self) -> Work:
        if (error := self._not_restarted) is not None:
            raise HarnessError(
                f"nothing runs: the start in crash_and_restart() has failed by {type(error).__qualname__}: {error}"
            ) from error
        if self._work is None or (self._restarted.is_set() and self._work.is_over):
            raise not_entered()
        self._check_loop()
        return self._work

    def _check_runs(self) -> None:
        self._running  # noqa: B018 - raises outside of `async with`, and in another loop

    # ------------------------------------------------------------ sending and looking

    async def send(self, event: BaseEvent, destination: str, key: str | bytes | None = None) -> None:
        self._check_runs()
        self._raise_failure()
        await self._emitter.send(event, destination, key=key)

    def _records(self, topic: str) -> Sequence[Record]:
        return self._broker.records(topic)

    # ------------------------------------------------------------ work and time

    async def settled(self) -> None:
        """Return when nothing is left to do: every message handled, every send flushed, no retry waiting.

        Time moves on to the next retry whenever there is nothing else to wait for. Raises NotSettledError after the
        deadline, saying what is open, and what the application has failed by.
        """
        _refuse_handlers("settled()")
        while True:
            await self._restarted.wait()
            work = self._running
            await work.settle()
            if not work.is_over:
                break
        self._raise_failure()

    async def advance(self, ms: float) -> None:
        """Move the time by so many ms, with all that becomes due on the way, and its consequences.

        A handler that goes on for longer than `patience` counts as waiting for time to pass. Raises HarnessError for
        what is no time to come.
        """
        if not 0 <= ms < math.inf:
            raise HarnessError(f"advance({ms!r}): time only moves on, expected ms, a number from 0")
        _refuse_handlers("advance()")
        await self._running.pass_by(ms / 1000)
        self._raise_failure()

    def _raise_failure(self) -> None:
        """Raise what the application has failed by, where nothing else tells: a fixture's harness has no body."""
        failure = self.app.failure
        if failure is not None and asyncio.current_task() is not self._body:
            self._told = failure
            raise failure

    # ------------------------------------------------------------ faults

    async def rebalance(self) -> None:
        """Have partitions move: a second member joins each group, as another process would; the next time it leaves.

        The members have the same handlers and the same providers. Returns when the partitions are dealt out: handlers
        that run in one that moves are waited for. Raises NotSettledError when that takes too long, and what a member
        that leaves fails by at that.
        """
        _refuse_handlers("rebalance()")
        work = self._running
        if self._broker.is_down:
            raise HarnessError("the broker is down, no member joins or leaves: leave `with app.broker_down():` first")
        if work.members:
            await self._end_members(work, at_once=False)
        else:
            for consumer in self.app.components:
                if isinstance(consumer, EngineConsumer) and consumer.group is not None:
                    member = consumer.member()
                    work.members.append(member)
                    await member.start(self.app.deliver)
                    self.app.add_task(member.wait(), name=f"second {member.name}")
        await work.until(lambda: self._is_dealt_out(work), "the rebalance isn't over")
        self._raise_failure()

    def _is_dealt_out(self, work: Work) -> bool:
        ready = not self.app.readiness() and not any(member.readiness() for member in work.members)
        return ready and not self._broker.is_rebalancing()

    async def _end_members(self, work: Work, *, at_once: bool) -> None:
        """Stop the members that have joined later, or kill them: what that does to them is nobody's concern.

        Raises NotSettledError for one that is cut off after the deadline, and what else one fails by at its stop.
        """
        members = {asyncio.create_task(member.stop()): member for member in work.members}
        if not members:
            return
        if not at_once:
            await asyncio.wait(members, timeout=self._deadline)
        else:
            await asyncio.sleep(0)
        for task in members:
            task.cancel()
        await asyncio.wait(members)
        work.members.clear()
        errors = [error for task, member in members.items() if (error := await _stopped_by(task, member)) is not None]
        if at_once or not errors:
            return
        for error in errors[1:]:
            logger.error("a member failed as well: %s", error)
        if isinstance(errors[0], ShutdownTimeoutError):
            raise NotSettledError(f"a member hasn't stopped within {self._deadline:g} s: {errors[0]}")
        raise errors[0]

    async def crash_and_restart(self) -> None:
        """End the application as a kill does, and start another on what the broker has: written and committed.

        Nothing is drained, what runs is cancelled, and what it still does reaches nobody. The other one has the same
        container with its overrides, and new singletons: `app.app`, `app.http` and what you have asked the container
        for are the old one's. Time doesn't move.
        """
        _refuse_handlers("crash_and_restart()")
        work = self._running
        if self._broker.is_down:
            raise HarnessError("the broker is down, nothing starts: leave `with app.broker_down():` first")
        self._restarted.clear()
        work.is_over = True
        self._broker = self._broker.hand_over()
        self._broker_provider.set_provides(self._broker)
        try:
            await self._end_members(work, at_once=True)
            await self.app.abort()
            await self._close_client()
            with built_anew(self.container):  # those of the dead are dropped
                pass
            if asyncio.current_task() is self._body:
                await self._start()
            else:
                await asyncio.create_task(self._start())
        except BaseException as error:
            self._not_restarted = error
            raise
        finally:
            self._restarted.set()

    @contextmanager
    def broker_down(self) -> Iterator[None]:
        """Have the broker answer nobody inside `with`, then be back with everything it had.

        Sends outside of handlers fail by BrokerUnavailableError, as they do on Kafka when it hasn't answered in time:
        at once here. Handlers go on with what was fetched, their sends and commits are tried until the broker is back;
        nothing is fetched. Consumers and emitter say in `readiness` that it is down.
        """
        self._check_runs()
        broker = self._broker
        broker.go_down()
        try:
            yield
        finally:
            broker.come_back()


async def _stopped_by(stop: asyncio.Task[None], member: EngineConsumer[Any]) -> BaseException | None:
    """Return what the stop of a member has failed by, unless the application fails by it as well."""
    if stop.cancelled() or (error := stop.exception()) is None:
        return None
    try:
        await member.wait()  # for nothing: it has stopped
    except Exception as told:  # noqa: BLE001 - it is compared, and raised by the application
        return None if told is error else error
    return error


def _refuse_handlers(what: str) -> None:
    if collecting.get() is not None:
        raise HarnessError(
            f"{what} is called while a message is handled, for which it would wait: call it in the test, which may let "
            "the handler go on by an asyncio.Event"
        )
