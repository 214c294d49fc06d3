"""Finds everything that is wrong with an application before any of it starts: what a start and `eventy check` share."""

from __future__ import annotations

import re
from abc import ABC
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from dependency_injector.providers import Configuration, Object, Provider
from prometheus_client import CollectorRegistry

from eventy.app.base import BaseApp
from eventy.app.components import consumers_of, forgotten, listed_twice, without_registry
from eventy.app.created import look_at_created
from eventy.app.metrics import refuse_taken
from eventy.app.notes import overtaken, unstarted
from eventy.app.registered import Registered
from eventy.app.settings.table import VARIABLES
from eventy.app.settings.variable import Variable
from eventy.emitter.base import BaseEventEmitter
from eventy.errors import ConfigurationError, InjectionError, WiringError
from eventy.event.registry import Registry
from eventy.handler.dispatch import handlers_of
from eventy.http.routes import called_by, in_order
from eventy.http.server import SanicServer
from eventy.injection import Container, check_names, refuse_unmade
from eventy.injection.asked import Asked, asked_by, asked_by_route, check_app
from eventy.injection.declared import declaration_flaws
from eventy.injection.dependencies import last_override
from eventy.injection.paths import Paths
from eventy.injection.singletons import build, may_be_built
from eventy.injection.wiring import Wiring
from eventy.telemetry.logging import formatter_of
from eventy.words import closest

_OPTION = re.compile(r"\bconfig\.(\w+)")
#: The variables behind the options of `config`.
VARIABLES_OF_FIELDS: Mapping[str, Variable] = {one.field: one for one in VARIABLES.values()}


def examine(
    container: Container, app: Any = None, *, with_routes: bool = True, opens_resources: bool = False
) -> Examination:
    """Look at a container, build its singletons, and look at what they are. Nothing is compiled but routes.

    Parameters
        container: the root container.
        app: the application; None: what the container's `app` makes.
        with_routes: whether routes are compiled even where nothing is wrong: a server's can be compiled but once.
        opens_resources: whether providers of resources are called, as a start does.
    """
    examination = Examination(container, app, opens_resources=opens_resources)
    examination.read_handlers()
    examination.walk()
    examination.build()
    examination.look_at_app()
    examination.look_at_products()
    examination.look_at_components()
    if with_routes or examination.mistakes:
        examination.look_at_routes()
    return examination


class Examination:
    """What is known of an application, step by step; see `examine` for the steps and the parameters."""

    def __init__(self, container: Container, app: Any = None, *, opens_resources: bool = False) -> None:
        self.container = container
        self.app: Any = app
        self.registry = Registry()
        #: What the providers are called.
        self.paths = Paths(container)
        self._wiring = Wiring(self.paths, VARIABLES_OF_FIELDS.get)
        self._opens_resources = opens_resources
        self._asked: list[Asked] = []
        self._asked_by_routes: list[Asked] = []
        self._errors: list[ConfigurationError] = []

    # ------------------------------------------------------------ what is found

    @property
    def mistakes(self) -> tuple[str, ...]:
        """What is wrong, a text each."""
        known = set(map(str, self._errors))  # a pattern that the serializer can't compile either, for example
        flaws = (flaw for flaw in self._wiring.flaws if flaw.text not in known)
        texts = (*(_with_variables(str(error)) for error in self._errors), *map(str, flaws))
        return tuple(dict.fromkeys(texts))

    def raise_any(self) -> None:
        """Raise one WiringError for all that is wrong, if anything is."""
        if self.mistakes:
            flaws = self._wiring.flaws
            causes = [*(flaw.error for flaw in flaws if flaw.error is not None), None]
            statuses = [*(error.exit_status for error in self._errors), *(flaw.exit_status for flaw in flaws)]
            raise WiringError(self.mistakes, max(statuses)) from causes[0]

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth a look where there are no mistakes, a text each."""
        asked = (provider for one in (*self._asked, *self._asked_by_routes) for provider in one.providers)
        app = filter(None, (self.container.providers.get("app"),))
        return (*overtaken(self.registry), *unstarted(tuple(self.singletons()), self.components, asked, app))

    @property
    def providers(self) -> int:
        """How many providers there are."""
        return len(tuple(self.paths))

    @property
    def handlers(self) -> int:
        """How many handlers there are."""
        return len(self._asked)

    @property
    def components(self) -> Sequence[Any]:
        """What the application starts; when it can't be built, those singletons that can."""
        if self.app is not None:
            components: Sequence[Any] = self.app.components
            return components
        return tuple({id(made): made for _, made in self._wiring.built}.values())

    def singletons(self) -> Iterator[tuple[str, Provider[Any], object]]:
        """Yield those that are built, with what they are called."""
        for provider, made in self._wiring.built:
            yield self.paths.of(provider), provider, made

    def objects(self) -> Iterator[tuple[str, object]]:
        """Yield what the container has, made or given, with what it is called."""
        for path, _, made in self.singletons():
            yield path, made
        for path, provider in self.paths:
            if type(given := last_override(provider)) is Object:
                yield path, given.provides

    def drop_tasks(self) -> None:
        """Forget what was to run beside the components."""
        if self.app is not None:
            self.app.drop_tasks()

    # ------------------------------------------------------------ the steps

    def read_handlers(self) -> None:
        """Read what handlers ask for. The registry is built for that, and what it needs."""
        registered = Registered.of(self.container, self._wiring, opens_resources=self._opens_resources)
        self.registry = registered.registry
        self._errors += registered.errors
        for cls in dict.fromkeys(one.cls for one in self.registry):
            self._attempt(refuse_unmade, cls)
        for registration in (*self.registry, *self.registry.tombstones):
            try:
                registration.matches(())  # a pattern that can't be compiled
                handlers = handlers_of(registration)
            except ConfigurationError as error:
                self._errors.append(error)
            else:
                self._asked += (asked_by(handler, self.container, registration.cls) for handler in handlers)
        for asked in self._asked:
            self._errors += asked.errors

    def walk(self) -> None:
        """Walk through the container, from the handlers first, so that they are named where a way begins."""
        for asked in self._asked:
            asked.walk(self._wiring)
        for _, provider in self.paths:
            self._wiring.walk(provider)
        self._wiring.flaws += declaration_flaws(self.paths)

    def build(self) -> None:
        """Build the singletons that nothing is wrong with, and judge the arguments of consumers that can't be."""
        build(self._wiring, opens_resources=self._opens_resources)
        look_at_created(self._wiring)

    def look_at_app(self) -> None:
        """Take the application, if it isn't given and can be built, and judge the names beside it."""
        if self.app is None:
            self._take_app()
        self._attempt(check_names, self.container, self.app)

    def look_at_products(self) -> None:
        """Judge what shows only once application and singletons are built."""
        for asked in self._asked:
            if self.app is not None:
                self._attempt(check_app, asked, self.app)
            self._errors += asked.misfits(self._wiring)

    def look_at_components(self) -> None:
        """Judge what is started, each beside the others."""
        for consumer in consumers_of(self.components):
            for emitter in (one for one in self.components if isinstance(one, BaseEventEmitter)):
                self._attempt(consumer.check_emitter, emitter)
        if self.app is None:
            return
        for text in (
            *listed_twice(self.components),
            *forgotten(self.components, self._wiring.unused()),
            *without_registry(self.components, self.container.providers),
        ):
            self._find(text)
        self._attempt(refuse_taken, self.app.metrics)

    def look_at_routes(self) -> None:
        """Compile the routes, walk through what they ask for, and build what nobody else has asked for."""
        app = self.app or _Unbuilt(self.container)
        for server in (one for one in self.components if isinstance(one, SanicServer)):
            routes = tuple(self._routes_of(server))
            self._asked_by_routes += routes
            for asked in routes:
                asked.walk(self._wiring)
            self.build()
            self._attempt(server.prepare, app)
            for asked in routes:
                self._errors += asked.misfits(self._wiring)

    def look_at_log(self) -> None:
        """Judge the log's format, which isn't the application's matter but of the process that it will run in."""
        config = self.container.providers.get("config")
        values: object = config() if isinstance(config, Configuration) else None
        if isinstance(values, dict):
            self._attempt(formatter_of, values.get("log_format"))

    # ------------------------------------------------------------ parts of them

    def _take_app(self) -> None:
        provider = self.container.providers.get("app")
        if provider is None:
            self._find(
                f"the root container has no provider 'app'{closest('app', self.container.providers)}: add "
                "app = providers.Singleton(Eventy, container=__self__, components=providers.List(…))"
            )
        elif may_be_built(self._wiring, provider, opens_resources=self._opens_resources):
            self._take(provider())

    def _take(self, made: Any) -> None:
        if not isinstance(made, BaseApp):
            self._find(f"app: makes a {type(made).__qualname__}, expected an eventy.app.eventy.Eventy")
            return
        self.app = made
        container = self.app.container
        if container is not self.container and not isinstance(container, type):  # that is told of __self__
            self._find(
                "app: has a container of its own, where nothing is found: add __self__ = providers.Self() to the root "
                "container, and pass container=__self__"
            )

    def _routes_of(self, server: SanicServer) -> Iterator[Asked]:
        for called in (one for route in in_order(server.sanic.router.routes) for one in called_by(route)):
            try:
                yield asked_by_route(called.handler, self.container, called.given, called.passed)
            except InjectionError:  # told when it is compiled
                continue

    def _attempt(self, step: Callable[..., object], *arguments: object) -> None:
        try:
            step(*arguments)
        except InjectionError as error:
            self._errors += error.parts
        except ConfigurationError as error:
            self._errors.append(error)

    def _find(self, text: str) -> None:
        self._errors.append(ConfigurationError(text))


class _Unbuilt(ABC):  # noqa: B024 - nothing in it is abstract, its classes are told by a hook
    """Stands in for an application that can't be built, of whatever class that is."""

    @classmethod
    def __subclasshook__(cls, other: type) -> bool:
        return True

    def __init__(self, container: Container) -> None:
        self.container = container
        self.metrics = CollectorRegistry()

    def readiness(self) -> Mapping[str, str]:
        return {}


def _with_variables(text: str) -> str:
    """Add which variable each setting is that a text names."""
    named = dict.fromkeys(_OPTION.findall(text))
    variables = [
        f"config.{key} is the variable {VARIABLES_OF_FIELDS[key].name}" for key in named if key in VARIABLES_OF_FIELDS
    ]
    return f"{text} ({', '.join(variables)})" if variables else text
