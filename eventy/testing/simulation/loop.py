"""An event loop whose time is virtual, and in which a seed decides whose turn it is."""

from __future__ import annotations

import asyncio
import heapq
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextvars import Context, ContextVar
from random import Random
from typing import Any, NoReturn, Protocol, TypeVar, TypeVarTuple, Unpack, cast

from eventy.errors import EventyError

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

# Seconds within which timers are due at the same time: sums of floats differ by less.
_RESOLUTION = 1e-6
# Steps of the longest simulation; most take a few thousand.
_MOST = 1_000_000


class SimulationError(EventyError):
    """The simulation can't go on: what it runs needs threads, sockets or the real time, or waits for nothing."""


class Owner(Protocol):
    """Whose steps may be held back: a process."""

    @property
    def is_held(self) -> bool: ...

    def hold(self, handle: asyncio.Handle) -> None:
        """Take a step that would be made now."""
        ...


#: Who runs; None: the world around the processes, its broker for example.
owner: ContextVar[Owner | None] = ContextVar("eventy_simulation_owner", default=None)


class SimulatedTask(asyncio.Task[T]):
    """A task whose place in a set doesn't depend on its address."""

    def __init__(self, coroutine: Coroutine[Any, Any, T], *, number: int, **more: Any) -> None:
        self._number = number
        super().__init__(coroutine, **more)

    def __hash__(self) -> int:
        return self._number


class SimulatedFuture(asyncio.Future[T]):
    """A future whose place in a set doesn't depend on its address."""

    def __init__(self, *, number: int, loop: asyncio.AbstractEventLoop) -> None:
        self._number = number
        super().__init__(loop=loop)

    def __hash__(self) -> int:
        return self._number


def _without(what: str) -> str:
    return (
        f"a simulation has no {what}, which no seed can repeat: override what needs them in the scenario's container, "
        "a database by repositories in memory for example"
    )


def _refused(what: str) -> Callable[..., NoReturn]:
    """Return a method of the loop that says what there is none of."""

    def refuse(*arguments: Any, **more: Any) -> NoReturn:
        raise SimulationError(_without(what))

    return refuse


class SimulatedLoop(asyncio.BaseEventLoop):
    """Runs steps of tasks in an order by chance; time moves on when nobody can run.

    Other callbacks keep their order and go first, as their effects are part of the step that they come from.

    Parameters
        random: gives the chance.
    """

    _is_running = False
    _is_closed = False

    def __init__(self, random: Random) -> None:
        super().__init__()
        self._random = random.random
        self._now = 0.0
        self._callbacks: deque[tuple[asyncio.Handle, Owner | None]] = deque()
        self._steps: list[tuple[asyncio.Handle, Owner | None]] = []
        self._timers: list[tuple[float, int, asyncio.TimerHandle, Owner | None]] = []
        self._numbers = 0
        self._thread = threading.get_ident()
        self._threads = threading.enumerate()
        self._failure: BaseException | None = None
        #: Steps that were made.
        self.steps = 0

    # ------------------------------------------------------------ running

    def run_until_complete(self, future: Generator[Any, None, T] | Awaitable[T]) -> T:
        """Run until a coroutine or future is done. Raises what it raises, and what `fail` was called with."""
        outer = asyncio._get_running_loop()
        asyncio._set_running_loop(self)
        self._is_running = True
        try:
            task: asyncio.Future[T] = asyncio.ensure_future(cast(Awaitable[T], future), loop=self)
            while not task.done():
                self._run_once()
                if self.steps > _MOST:
                    raise SimulationError(f"{_MOST:,} steps and no end: something goes round without waiting")
                if self._failure is not None:
                    failure, self._failure = self._failure, None
                    raise failure
            return task.result()
        finally:
            self._is_running = False
            asyncio._set_running_loop(outer)

    def _run_once(self) -> None:
        if self._callbacks:
            handle, whose = self._callbacks.popleft()
        elif self._steps:
            at = int(self._random() * len(self._steps))
            handle, whose = self._steps[at]
            self._steps[at] = self._steps[-1]
            self._steps.pop()
        else:
            self._move_on()
            return
        if handle.cancelled():
            return
        if whose is not None and whose.is_held:
            whose.hold(handle)
            return
        self.steps += 1
        handle._run()

    def _move_on(self) -> None:
        """Move time on to the next timer, and let everything that is due then run."""
        while self._timers and self._timers[0][2].cancelled():
            heapq.heappop(self._timers)
        if not self._timers:
            if any(thread not in self._threads for thread in threading.enumerate()):
                raise SimulationError(_without("threads"))  # one of them would have the answer
            raise SimulationError("everything waits, and there is nothing left to wait for: no timer, no message")
        self._now = max(self._now, self._timers[0][0])
        while self._timers and self._timers[0][0] <= self._now + _RESOLUTION:
            _, _, handle, whose = heapq.heappop(self._timers)
            self._callbacks.append((handle, whose))

    def unwind(self, rounds: int) -> None:
        """Cancel all tasks, again and again where they go on; what is left after so many rounds is dropped."""
        outer = asyncio._get_running_loop()
        asyncio._set_running_loop(self)
        tasks = list(asyncio.all_tasks(self))
        try:
            for _ in range(rounds):
                tasks = [task for task in asyncio.all_tasks(self) if not task.done()]
                if not tasks:
                    break
                for task in tasks:
                    task.cancel()
                while self._callbacks or self._steps:
                    self._run_once()
        finally:
            asyncio._set_running_loop(outer)
        for task in tasks:
            task._log_destroy_pending = False  # type: ignore[attr-defined]  # asyncio's own way to say so
        self.close()

    def fail(self, error: BaseException) -> None:
        """Have `run_until_complete` raise an error, the first of all."""
        if self._failure is None:
            self._failure = error

    def release(self, handles: list[asyncio.Handle], whose: Owner) -> None:
        """Let steps that were held be made after all."""
        for handle in handles:
            self._put(handle, whose)

    def is_running(self) -> bool:
        return self._is_running

    def is_closed(self) -> bool:
        return self._is_closed

    def close(self) -> None:
        self._is_closed = True
        self._callbacks.clear()
        self._steps.clear()
        self._timers.clear()

    async def shutdown_asyncgens(self) -> None:
        """Nothing: generators end with their tasks."""

    # ------------------------------------------------------------ callbacks and timers

    def call_soon(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._put(handle, _owner_in(context), is_step=isinstance(getattr(callback, "__self__", None), SimulatedTask))
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        if threading.get_ident() != self._thread:
            self.fail(SimulationError(_without("threads")))
        return self.call_soon(callback, *args, context=context)

    def call_later(
        self, delay: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._numbers += 1
        heapq.heappush(self._timers, (when, self._numbers, handle, _owner_in(context)))
        return handle

    def _put(self, handle: asyncio.Handle, whose: Owner | None, *, is_step: bool = False) -> None:
        if is_step:
            self._steps.append((handle, whose))
        else:
            self._callbacks.append((handle, whose))

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Nothing: it is passed over when its time comes."""

    def time(self) -> float:
        return self._now

    # ------------------------------------------------------------ tasks and futures

    def create_future(self) -> asyncio.Future[Any]:
        self._numbers += 1
        return SimulatedFuture(number=self._numbers, loop=self)

    def create_task(
        self, coro: Coroutine[Any, Any, T] | Any, *, name: object = None, context: Context | None = None
    ) -> asyncio.Task[T]:
        self._numbers += 1
        if context is not None and owner not in context:
            context.run(owner.set, owner.get())  # a task with a context of its own is still the process's
        return SimulatedTask(
            coro, number=self._numbers, loop=self, name=str(name or f"task {self._numbers}"), context=context
        )

    def get_debug(self) -> bool:
        return False

    def set_debug(self, enabled: bool) -> None:
        """Nothing."""

    # ------------------------------------------------------------ errors

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Fail by the error of a callback. What the collector finds later is not repeatable, so it doesn't count."""
        error = context.get("exception")
        if "handle" in context and isinstance(error, BaseException):
            self.fail(error)

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        self.call_exception_handler(context)

    # ------------------------------------------------------------ what a simulation can't have

    run_in_executor: Any = _refused("threads")
    create_connection: Any = _refused("sockets")
    create_datagram_endpoint: Any = _refused("sockets")
    create_server: Any = _refused("sockets")
    create_unix_connection: Any = _refused("sockets")
    create_unix_server: Any = _refused("sockets")
    getaddrinfo: Any = _refused("sockets")
    getnameinfo: Any = _refused("sockets")
    sock_connect: Any = _refused("sockets")
    subprocess_exec: Any = _refused("processes")
    subprocess_shell: Any = _refused("processes")


def _owner_in(context: Context | None) -> Owner | None:
    return owner.get() if context is None else context.get(owner)
