"""The application: starts its components in order, runs until it is told to stop or one fails, stops in reverse."""

from __future__ import annotations

import asyncio
import inspect
import logging
import weakref
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

from dependency_injector import containers, providers
from prometheus_client import CollectorRegistry

from eventy.app.base import BaseApp, Component, Reporting, Supervised
from eventy.app.examination import Examination, examine
from eventy.app.imperative import Imperative
from eventy.app.metrics import called, measured
from eventy.app.process import run_until_signal, show_no_traceback_of_mistakes
from eventy.app.shutdown import Shutdown
from eventy.app.supervision import Supervisor
from eventy.app.waiting import remember
from eventy.clock import Clock
from eventy.consumer.base import BaseEventConsumer
from eventy.errors import ConfigurationError, EventyError, UnknownNameError
from eventy.handler.attempt import Deliver
from eventy.handler.dispatch import Dispatcher
from eventy.http.server import SanicServer
from eventy.injection.signature import is_async
from eventy.telemetry.logging import configure_logging
from eventy.telemetry.metrics import Metrics
from eventy.words import closest

logger = logging.getLogger(__name__)

# EVENTY_SHUTDOWN_TIMEOUT
SHUTDOWN_TIMEOUT = 30_000


class Eventy(Imperative, BaseApp):
    """An application over a container.

    Use it as `async with app:`, inside which everything runs, or `app.start()`, which runs until a signal.
    Without a container it makes an empty one, to be filled by the `configure_…` methods and `set`.

    Parameters
        container: the composition root; handlers may ask for what its providers are named.
        components: started in this order, stopped in reverse. Consumers and HTTP servers are handed the application.
        shutdown_timeout: ms for all components to stop; by default as `config.shutdown_timeout` says.
        metrics: where its metrics are while it runs, those of your own beside them; by default one of its own.
    """

    def __init__(
        self,
        container: containers.Container | None = None,
        components: Sequence[Component | BaseEventConsumer | SanicServer] = (),
        shutdown_timeout: int | None = None,
        metrics: CollectorRegistry | None = None,
    ) -> None:
        for component in components:
            _check_component(component)
        if not isinstance(metrics, CollectorRegistry | None):
            raise ConfigurationError(
                f"metrics is {metrics!r} ({type(metrics).__qualname__}), expected an eventy.telemetry.metrics.Metrics, "
                "or another CollectorRegistry of prometheus_client's"
            )
        #: What `/metrics` shows.
        self.metrics: CollectorRegistry = metrics if metrics is not None else Metrics()
        self.container: Any = container if container is not None else containers.DynamicContainer()
        self._components: list[Any] = list(components)
        self._shutdown_timeout = shutdown_timeout
        self._tasks: list[tuple[Coroutine[Any, Any, None], str | None]] = []
        self._supervisor: Supervisor | None = None
        self._is_running = False
        self._loop = _own_loop(self) if container is None else None

    @property
    def components(self) -> tuple[Any, ...]:
        """What is started, in this order."""
        return tuple(self._components)

    # ------------------------------------------------------------ by name

    def get(self, name: str) -> Any:
        provider = self.container.providers.get(name)
        if provider is None:
            raise UnknownNameError(
                f"the application has nothing called {name!r}{closest(name, self.container.providers)}"
            )
        return provider()

    def set(self, name: str, value: object) -> None:
        known = self.container.providers.get(name)
        if type(known) is providers.Object:
            known.set_provides(value)  # compiled handlers and routes hold the provider
        else:
            self.container.set_provider(name, providers.Object(value))

    # ------------------------------------------------------------ tasks

    def add_task(self, coroutine: Coroutine[Any, Any, None], name: str | None = None) -> None:
        """Run a task beside the components, from their start until they stop. If it fails, the application does.

        Raises ConfigurationError for what is no coroutine.
        """
        if not asyncio.iscoroutine(coroutine):
            raise ConfigurationError(f"add_task() is given {coroutine!r}, expected a coroutine: call the function")
        if self._supervisor is not None:
            self._supervisor.run(coroutine, name)
        else:
            self._tasks.append((coroutine, name))
            remember(self)

    # ------------------------------------------------------------ life

    def start(self) -> None:
        """Run until SIGINT or SIGTERM, or until something fails. Raises SystemExit with the status unless it is 0.

        1 failed; 2 usage or settings; 3 the shutdown deadline passed. A second signal ends the process at once.
        """
        try:
            status = run_until_signal(lambda: self, self._loop)
        finally:
            self.drop_tasks()  # it may have ended before anything was entered
        if status:
            raise SystemExit(status)

    def set_up_log(self) -> None:
        """Configure the process's log as the settings say. Raises ConfigurationError for what isn't installed."""
        configure_logging(str(self._setting("log_level", "INFO")), str(self._setting("log_format", "console")))

    async def __aenter__(self) -> Self:
        await self.enter()
        return self

    async def enter(
        self,
        *,
        through: Callable[[Deliver], Deliver] = lambda deliver: deliver,
        on_failure: Callable[[], None] = lambda: None,
    ) -> None:
        """Start everything, as `async with` does.

        For who tests, and wants to know what becomes of messages.

        Parameters
            through: returns what consumers deliver to, made of what calls the handlers.
            on_failure: called when a component or a task has failed.
        """
        if self._is_running:
            raise EventyError("the application runs already: enter it once at a time, or build another one")
        self._is_running = True
        try:
            await self._start_all(through, on_failure)
        except BaseException:
            self._is_running = False
            self.drop_tasks()
            raise

    def drop_tasks(self) -> None:
        """Close what was to run and never will: it would warn that nobody has awaited it."""
        for coroutine, _ in self._tasks:
            coroutine.close()
        self._tasks.clear()

    async def _start_all(self, through: Callable[[Deliver], Deliver], on_failure: Callable[[], None]) -> None:
        clock = self._provided("clock", Clock)
        examination = self._verified()
        dispatcher = Dispatcher(examination.registry, self.container, self)
        self.deliver = through(dispatcher.deliver)
        components = called(self._components, examination.objects())
        timeout = self._shutdown_timeout
        self._shutdown = Shutdown(
            clock, int(self._setting("shutdown_timeout", SHUTDOWN_TIMEOUT)) if timeout is None else timeout
        )
        async with AsyncExitStack() as stack:
            stack.enter_context(measured(self.metrics, components))
            for component in self._components:
                await self._start(component)
                is_cuttable = isinstance(component, BaseEventConsumer | SanicServer)
                stack.push_async_callback(self._shutdown.stop, component, is_cuttable=is_cuttable)
            stack.push_async_callback(self._shutdown.stop, self._supervise(on_failure))
            self._stack = stack.pop_all()

    def _supervise(self, on_failure: Callable[[], None]) -> Supervisor:
        """Run what must not fail, beside the body that begins here."""
        self._supervisor = supervisor = Supervisor(on_failure)
        supervisor.enter()
        for component in self._components:
            if isinstance(component, Supervised):
                supervisor.run(component.wait(), name=_name(component))
        for coroutine, name in self._tasks:
            supervisor.run(coroutine, name)
        self._tasks.clear()
        return supervisor

    def _verified(self) -> Examination:
        """Judge the application and compile its routes. Raises WiringError with every mistake: nothing has started."""
        examination = examine(self.container, self, opens_resources=True)
        examination.raise_any()
        for note in examination.notes:
            logger.warning("%s", note)
        return examination

    async def _start(self, component: Any) -> None:
        if isinstance(component, BaseEventConsumer):
            await component.start(self.deliver)
        elif isinstance(component, SanicServer):
            await component.start(self)
        else:
            await component.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is None:
            return
        supervisor.leave()
        await self._stack.aclose()
        self._is_running = False
        failure = supervisor.failures[0] if supervisor.failures else None
        unfinished = self._shutdown.failure(supervisor.failures)
        if error is not None and not isinstance(error, asyncio.CancelledError):
            _log(failure, unfinished)  # the body's own error is the one to show
        elif failure is not None:
            _log(unfinished)
            raise failure
        elif unfinished is not None:
            raise unfinished

    async def abort(self) -> None:
        """End at once: nothing is drained, what runs is cancelled, and what isn't committed stays so.

        For who tests what a process leaves that is killed. What goes wrong is logged.
        """
        if self._supervisor is None:
            return
        self._shutdown.is_cut_short = True
        error = EventyError("the application was told to end at once")
        await self.__aexit__(EventyError, error, None)

    @property
    def failure(self) -> BaseException | None:
        """What has ended it, while it runs."""
        failures = self._supervisor.failures if self._supervisor is not None else ()
        return failures[0] if failures else None

    def lost(self) -> dict[str, int]:
        """Return how many messages would be lost if the process ended now, by the names of their consumers."""
        consumers = [component for component in self._components if isinstance(component, BaseEventConsumer)]
        return {_name(consumer): lost for consumer in consumers if (lost := consumer.lost())}

    def readiness(self) -> dict[str, str]:
        """Return why components aren't ready, by their names; empty when all are."""
        reporting = [component for component in self._components if isinstance(component, Reporting)]
        return {_name(component): reason for component in reporting if (reason := component.readiness()) is not None}

    def _provided(self, name: str, kind: type[Any]) -> Any:
        """Return what the container has of this name, else a new one of its kind."""
        return self.get(name) if name in self.container.providers else kind()

    def _setting(self, name: str, default: object) -> Any:
        config = self.container.providers.get("config")
        return default if config is None else (config() or {}).get(name, default)


def _check_component(component: object) -> None:
    steps = {step: getattr(component, step, None) for step in ("start", "stop")}
    described = f"{component!r} ({type(component).__qualname__}) is among the components, which have "
    if not all(map(callable, steps.values())):
        raise ConfigurationError(
            f"{described}`async def start(self)` and `async def stop(self)`: give it both, or leave it out"
        )
    for name, step in steps.items():
        if inspect.ismethod(step) and inspect.isfunction(step.__func__) and not is_async(step):
            raise ConfigurationError(f"{described}`async def {name}(self)`, but its {name} is not async: write it so")


def _log(*errors: BaseException | None) -> None:
    for error in errors:
        if error is not None:
            logger.error("%s", error)


def _name(component: object) -> str:
    return str(getattr(component, "name", type(component).__name__))


def _own_loop(app: Eventy) -> asyncio.AbstractEventLoop | None:
    """Make the loop that `start` runs, so that tasks made before land on it; inside a running loop, none.

    Whoever builds an application like this is the program's main module: its mistakes are shown as such.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        show_no_traceback_of_mistakes()
        weakref.finalize(app, loop.close)
        return loop
    return None
