"""Finds everything that is wrong with an application before any of it starts: what a start and `eventy check` share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from dependency_injector.providers import Object, Provider
from prometheus_client import CollectorRegistry

from eventy.app.base import BaseApp
from eventy.app.components import consumers_of, forgotten, listed_twice, without_registry
from eventy.app.created import look_at_created
from eventy.app.settings.table import VARIABLES
from eventy.app.settings.variable import Variable
from eventy.emitter.base import BaseEventEmitter
from eventy.errors import ConfigurationError, EventyError, InjectionError, RegistryError, WiringError
from eventy.event.registry import Registration, Registry
from eventy.handler.dispatch import handlers_of
from eventy.http.server import SanicServer
from eventy.injection import Container, check_names, compile_handler
from eventy.injection.asked import asked_by, provider_of
from eventy.injection.building import opens
from eventy.injection.declared import declaration_flaws
from eventy.injection.dependencies import CALLING, last_override
from eventy.injection.paths import Paths
from eventy.injection.singletons import build
from eventy.injection.wiring import Wiring
from eventy.words import closest

_OPTION = re.compile(r"\bconfig\.(\w+)")
#: The variables behind the options of `config`.
VARIABLES_OF_FIELDS: Mapping[str, Variable] = {one.field: one for one in VARIABLES.values()}


class Examination:
    """Looks at a container, builds its singletons, and looks at what they are.

    Parameters
        container: the root container.
        app: the application; None: what the container's `app` makes.
        with_routes: whether routes are compiled even where nothing is wrong: a server's can be compiled but once.
        opens_resources: whether providers of resources are called, as a start does.
    """

    def __init__(
        self, container: Container, app: Any = None, *, with_routes: bool = True, opens_resources: bool = False
    ) -> None:
        self.app = app
        self._opens_resources = opens_resources
        self.registry = Registry()
        #: How many were looked at.
        self.providers = self.handlers = 0
        self.container = container
        #: What the providers are called.
        self.paths = Paths(container)
        self._wiring = Wiring(self.paths, VARIABLES_OF_FIELDS.get)
        self._errors: list[ConfigurationError] = []
        self._doubtful: list[tuple[Provider[Any], InjectionError]] = []
        self._look_at_handlers()
        self._look_at_singletons()
        self._look_at_app()
        self._look_at_names()
        self._compile_handlers()
        self._look_at_components()
        if with_routes or self.mistakes:
            self._look_at_routes()

    @property
    def mistakes(self) -> tuple[str, ...]:
        """What is wrong, a text each."""
        return (*(_with_variables(str(error)) for error in self._errors), *map(str, self._wiring.flaws))

    def raise_any(self) -> None:
        """Raise one WiringError for all that is wrong, if anything is."""
        if self.mistakes:
            flaws = self._wiring.flaws
            causes = [*(flaw.error for flaw in flaws if flaw.error is not None), None]
            statuses = [*(error.exit_status for error in self._errors), *(flaw.exit_status for flaw in flaws)]
            raise WiringError(self.mistakes, max(statuses)) from causes[0]

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

    # ------------------------------------------------------------ the container

    def _look_at_handlers(self) -> None:
        self._find_registry()
        for registration in (*self.registry, *self.registry.tombstones):
            try:
                registration.matches(())  # a pattern that can't be compiled
                self._look_at_handlers_of(registration)
            except ConfigurationError as error:
                self._errors.append(error)

    def _find_registry(self) -> None:
        provider = self.container.providers.get("registry")
        if provider is None:
            return
        self._wiring.walk(provider)
        if not self._wiring.is_sound(provider) or self._is_left_closed(provider):
            return
        try:
            found = provider()
        except RegistryError as error:  # told when it is built with the others
            self._find_messages(provider, str(error))
            return
        except Exception:  # noqa: BLE001  # as well
            return
        if isinstance(found, Registry):
            self.registry = found
        else:
            self._find(f"registry: makes a {type(found).__qualname__}, expected an eventy.event.registry.Registry")

    def _is_left_closed(self, provider: Provider[Any]) -> bool:
        return opens(provider) and not self._opens_resources

    def _find_messages(self, provider: Any, known: str) -> None:
        """Take the messages that can be registered, though another one can't."""
        messages = provider.args[0] if isinstance(provider, CALLING) and provider.args else None
        if type(messages) is not Object or not isinstance(messages.provides, Iterable):
            return
        for message in messages.provides:
            try:
                one = Registry((message,))
            except RegistryError as error:
                if str(error) != known:
                    self._errors.append(error)
            else:
                for registration in (*one, *one.tombstones):
                    self.registry.add(registration)

    def _look_at_handlers_of(self, registration: Registration) -> None:
        for handler in handlers_of(registration):
            asked = asked_by(handler, self.container, registration.cls)
            self._doubtful += asked.doubtful
            self.handlers += 1
            self._errors += asked.errors
            for provider in asked.providers:
                self._wiring.walk(provider, asker=asked.label)

    def _look_at_singletons(self) -> None:
        for _, provider in self.paths:
            self.providers += 1
            self._wiring.walk(provider)
        for flaw in declaration_flaws(self.paths):
            self._wiring.flaws.append(flaw)
        build(self._wiring, opens_resources=self._opens_resources)
        look_at_created(self._wiring)

    def _look_at_app(self) -> None:
        provider = self.container.providers.get("app")
        if self.app is not None:
            return
        if provider is None:
            self._find(
                f"the root container has no provider 'app'{closest('app', self.container.providers)}: add "
                "app = providers.Singleton(Eventy, container=__self__, components=providers.List(…))"
            )
        elif self._wiring.is_sound(provider) and not self._is_left_closed(provider):
            made = provider()
            if isinstance(made, BaseApp):
                self._take(made)
            else:
                self._find(f"app: makes a {type(made).__qualname__}, expected an eventy.app.eventy.Eventy")

    def _take(self, app: Any) -> None:
        self.app = app
        if app.container is not self.container and not isinstance(app.container, type):  # that is told of __self__
            self._find(
                "app: has a container of its own, where nothing is found: add __self__ = providers.Self() to the root "
                "container, and pass container=__self__"
            )

    def _compile_handlers(self) -> None:
        """Find what shows only once the singletons are built; a provider that is wrong by itself is told already."""
        known = {str(error) for error in self._errors}
        registrations = () if self.app is None else (*self.registry, *self.registry.tombstones)
        for registration in registrations:
            try:
                handlers = handlers_of(registration)
            except ConfigurationError:
                continue
            for handler in handlers:
                try:
                    compile_handler(handler, self.container, self.app, registration.cls)
                except InjectionError as error:
                    self._doubtful += [(one, part) for part in error.parts if (one := provider_of(part)) is not None]
                    self._errors += [one for one in error.parts if provider_of(one) is None and str(one) not in known]
                except EventyError:
                    pass  # told of the singleton that raises it
        for provider, doubt in self._doubtful:
            if self._wiring.is_sound(provider) and str(doubt) not in known:
                known.add(str(doubt))
                self._errors.append(doubt)

    def _look_at_names(self) -> None:
        self._attempt(check_names, self.container, self.app)

    # ------------------------------------------------------------ what it is made of

    def _look_at_components(self) -> None:
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

    def _look_at_routes(self) -> None:
        app = self.app or _Unbuilt(self.container)
        for server in (one for one in self.components if isinstance(one, SanicServer)):
            try:
                server.prepare(app)
            except InjectionError as error:
                for part in error.parts:
                    self._look_at_route(part)
            except ConfigurationError as error:
                self._errors.append(error)

    def _look_at_route(self, error: InjectionError) -> None:
        provider = provider_of(error)
        if provider is not None:
            self._wiring.walk(provider, asker=str(error).partition(" (")[0])
        if provider is None or self._wiring.is_sound(provider):
            self._errors.append(error)

    @property
    def components(self) -> Sequence[Any]:
        """What the application starts; when it can't be built, those singletons that can."""
        if self.app is not None:
            components: Sequence[Any] = self.app.components
            return components
        return tuple({id(made): made for _, made in self._wiring.built}.values())

    # ------------------------------------------------------------ mistakes

    def _attempt(self, step: Any, *arguments: object) -> None:
        try:
            step(*arguments)
        except InjectionError as error:
            self._errors += error.parts
        except ConfigurationError as error:
            self._errors.append(error)

    def _find(self, text: str) -> None:
        self._errors.append(ConfigurationError(text))


class _Unbuilt:
    """Stands in for an application that can't be built."""

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
