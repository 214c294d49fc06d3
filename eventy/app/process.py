"""An application as a process: its loop, its signals, its exit status."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, NoReturn, Protocol

from eventy.app.check import build_app, made_by
from eventy.clock import Clock
from eventy.errors import ConfigurationError, EventyError, ShutdownTimeoutError
from eventy.tasks import cancel
from eventy.telemetry.logging import configure_logging, is_debug_asked, report
from eventy.words import counted

logger = logging.getLogger(__name__)

# New objects before the garbage collector looks at them: CPython's own figures, and ours.
_DEFAULTS = (700, 2_000)
_YOUNG = 50_000

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# Seconds within which signals are one: a parent such as make passes on what a whole process group has got already.
_ONE_SIGNAL = 0.2
# Seconds for tasks that are cancelled at the very end.
_CANCEL = 1.0


def run(create_container: Callable[[], Any]) -> None:
    """Build a container and run its `app`: what a service's `main.py` does.

    The function is called inside the loop that the application runs in, and all that it needs is built there.
    Mistakes of the user's end the process with one message and no traceback; see `Eventy.start` for the statuses.
    """
    if status := run_until_signal(lambda: _built(create_container)):
        raise SystemExit(status)


def _built(create_container: Callable[[], Any]) -> Any:
    """Return the application. Raises ConfigurationError for what the library says of a container's mistakes."""
    given: object = create_container
    if not callable(given):
        raise ConfigurationError(f"run() is given {given!r}, expected the function that makes the container: no ()")
    return build_app(made_by(create_container))


def show_no_traceback_of_mistakes() -> None:
    """Have errors of eventy's that end the program, those of `configure_…` for example, shown as their text alone."""
    if not isinstance(sys.excepthook, _Hook):
        sys.excepthook = _Hook(sys.excepthook)


@dataclass(frozen=True, slots=True)
class _Hook:
    otherwise: Callable[[type[BaseException], BaseException, TracebackType | None], object]

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, EventyError):
            report(error)
        else:
            self.otherwise(kind, error, trace)


def freeze() -> None:
    """Have the garbage collector look no more at what is loaded by now: it stays as long as the process.

    It would look at all of that again and again while batches of messages come and go, a good part of what they cost.
    And it looks at new objects when there are as many as a batch has, instead of several times while one is read; not
    so where the program has set that itself.
    """
    gc.collect()
    gc.freeze()
    young, *older = gc.get_threshold()
    if young in _DEFAULTS:
        gc.set_threshold(_YOUNG, *older)


class Application(Protocol):
    """What is run: entered, and left when it is told to stop."""

    async def __aenter__(self) -> object: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None: ...

    def lost(self) -> Mapping[str, int]:
        """Return how many messages would be lost if the process ended now, by their consumers."""
        ...

    def set_up_log(self) -> None:
        """Configure the log as the settings say."""
        ...

    def drop_tasks(self) -> None:
        """Close what was to run beside it and never will."""
        ...


def run_until_signal(build: Callable[[], Application], loop: asyncio.AbstractEventLoop | None = None) -> int:
    """Run an application until it is told to stop, and return the process's status.

    Parameters
        build: makes the application; called inside the loop.
        loop: the loop to run; tasks that are on it already are run as well. None: a new one.
    """
    adopted = asyncio.all_tasks(loop) if loop is not None else set()
    with asyncio.Runner(loop_factory=(lambda: loop) if loop is not None else None) as runner:
        status = runner.run(_build_and_run(build, adopted))
        if status == ShutdownTimeoutError.exit_status or runner.run(_something_is_left()):
            _end_at_once(status)  # the loop's own end, and the interpreter's, would wait for it without a bound
        return status


async def _build_and_run(build: Callable[[], Application], adopted: set[asyncio.Task[Any]]) -> int:
    try:
        app = build()
    except EventyError as error:
        return _reported_early(error)
    try:
        app.set_up_log()
    except EventyError as error:
        app.drop_tasks()
        return _reported_early(error)
    return await _run(app, adopted | (asyncio.all_tasks() - {asyncio.current_task()}))


def _reported_early(error: EventyError) -> int:
    """Report what ends the process before its log is set up."""
    configure_logging("DEBUG" if is_debug_asked() else "INFO", "console")
    report(error)
    return error.exit_status


async def _run(app: Application, adopted: set[asyncio.Task[Any]]) -> int:
    stop = asyncio.Event()
    loop, signals = asyncio.get_running_loop(), _Signals(stop, Clock(), app)
    for number in _SIGNALS:
        loop.add_signal_handler(number, signals.receive, number)
    for task in adopted:
        task.add_done_callback(_log_failure)
    try:
        # The components see no cancellation: a signal that comes while they start waits until they have.
        async with app:
            freeze()
            await stop.wait()
            logger.info("stopping: what was accepted is finished first; a second signal ends the process at once")
    except EventyError as error:
        report(error)
        return error.exit_status
    except Exception:
        logger.exception("failed")
        return 1
    finally:
        await cancel(adopted, _CANCEL)
    logger.info("stopped")
    return 0


class _Signals:
    """The first one stops the application, the second one ends the process."""

    def __init__(self, stop: asyncio.Event, clock: Clock, app: Application) -> None:
        self._app = app
        self._stop = stop
        self._clock = clock
        self._received: float | None = None

    def receive(self, number: int) -> None:
        now = self._clock.monotonic()
        if self._received is None:
            self._received = now
            self._stop.set()
        elif now - self._received > _ONE_SIGNAL:
            try:
                logger.error("second signal: ending at once")
                for consumer, lost in self._app.lost().items():
                    logger.error("%s: %s not handled and lost", consumer, counted(lost, "message"))
            finally:
                _end_at_once(128 + number)


async def _something_is_left() -> bool:
    """Return whether tasks go on although they are cancelled."""
    return bool(await cancel(asyncio.all_tasks() - {asyncio.current_task()}, _CANCEL))


def _end_at_once(status: int) -> NoReturn:
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _log_failure(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error("task %s failed", task.get_name(), exc_info=error)
