"""Singletons are built at the start: what is wrong with one shows then. And traps of the library's singletons."""

from __future__ import annotations

import asyncio
import weakref
from operator import attrgetter
from types import ModuleType
from typing import Any

import pytest
from dependency_injector import providers

from eventy.app.create import create
from eventy.app.settings import Settings
from eventy.errors import WiringError
from eventy.event.base import BaseEvent
from eventy.event.registry import Registry, on
from eventy.handler.dispatch import Dispatcher
from eventy.injection import Provide, compile_handler
from eventy.message.context import Context
from tests.injection.application import (
    APP,
    ApplicationContainer,
    ARecord,
    Emitter,
    Repository,
    SqlRepository,
    a_container,
    a_container_with,
    run,
    start,
)

built: list[object] = []


@pytest.fixture(autouse=True)
def nothing_built() -> None:
    built.clear()


class Noted(Repository):
    limit: int
    started: object = None

    def __init__(self) -> None:
        built.append(self)

    @property
    def session(self) -> object:
        raise RuntimeError("not started")


async def _takes(event: BaseEvent, it: Any) -> None: ...


def _says(provider: providers.Provider[Any], handler: Any = _takes) -> str:
    with pytest.raises(WiringError) as raised:
        start(handler, a_container_with(it=provider))
    (mistake,) = raised.value.mistakes
    return mistake


async def test_singleton_is_built_at_the_start_and_once() -> None:
    call = start(_takes, a_container_with(it=providers.Singleton(Noted)))
    assert len(built) == 1
    await run(call)
    assert len(built) == 1


@pytest.mark.parametrize("provider", [providers.Factory(Noted), providers.Callable(Noted)])
def test_what_is_made_for_each_message_is_not_made_at_the_start(provider: providers.Provider[Any]) -> None:
    start(_takes, a_container_with(it=provider))
    assert built == []


def test_singleton_that_a_factory_needs_is_built_too() -> None:
    nested = providers.List(providers.Singleton(Noted))
    start(_takes, a_container_with(it=providers.Factory(dict, a=nested)))
    assert len(built) == 1


def test_what_a_provider_needs_and_cannot_be_built_ends_the_start() -> None:
    for needed in (providers.Singleton(Repository, 3), providers.Factory(Repository, 3)):
        said = _says(providers.Factory(dict, a=providers.Factory(list, needed)))
        needed_name = f"{type(needed).__name__}(Repository)"
        assert said.startswith(f"_takes → it → Factory(list) → {needed_name}: Repository can't be called so, too many")
        assert built == []


def test_singleton_that_is_overridden_is_not_built() -> None:
    container = a_container_with(it=providers.Singleton(Noted))
    with container.it.override(providers.Object("fake")):
        start(_takes, container)
    assert built == []


class UntoldError(Exception):
    """Fails even at saying why."""

    def __str__(self) -> str:
        raise RuntimeError("nothing to say")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (KeyError("url"), "KeyError: 'url'"),
        (SystemExit(0), "SystemExit: 0"),
        (asyncio.CancelledError(), "CancelledError"),
        (UntoldError(), "UntoldError, whose text can't be had: RuntimeError"),
    ],
)
async def test_singleton_that_cannot_be_built_ends_the_start(error: BaseException, text: str) -> None:
    def refuse() -> None:
        raise error

    for kind in (providers.Singleton, providers.Resource):
        assert _says(kind(refuse)).startswith(f"_takes → it: can't be built: {text} ({__file__}:")


def test_interruption_of_a_constructor_is_no_mistake_of_its_own() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start(_takes, a_container_with(it=providers.Singleton(interrupted)))


@pytest.mark.parametrize("kind", [providers.Singleton, providers.Factory, providers.Callable])
def test_provider_that_needs_itself_ends_the_start(kind: Any) -> None:
    one, other = kind(tuple), kind(dict)
    one.add_args(other.provided.topic)
    other.add_kwargs(shapes=providers.List(one))
    name = kind.__name__
    assert _says(kind(dict, one=one)).startswith(
        f"_takes → it → {name}(tuple) → {name}(dict).topic → {name}(dict) → {name}(dict) → {name}(tuple): is built "
        "with itself, so nothing in the circle can be the first"
    )


def test_what_is_needed_twice_or_handed_out_as_a_provider_is_no_cycle() -> None:
    one: Any = providers.Factory(dict)
    one.add_kwargs(again=one.provider, config=providers.Object(3))
    start(_takes, a_container_with(it=providers.Factory(dict, a=one, b=one)))


async def test_singleton_of_something_to_await_is_refused() -> None:
    async def connect(address: str) -> None: ...

    said = _says(providers.Singleton(lambda: connect("here")))
    assert said.startswith("_takes → it: hands out a Future, not an object: make it without `await`")


def test_error_of_the_settings_stays_as_it_is() -> None:
    said = _says(providers.Singleton(create, None))
    assert said.startswith(
        "_takes → it: EVENTY_EVENT_SERIALIZER, EVENTY_EVENT_CONSUMER or EVENTY_EVENT_EMITTER is None, "
    )


@pytest.mark.parametrize(
    ("provider", "text"),
    [
        (providers.Factory(Noted, 3), "Noted can't be called so, too many positional arguments: correct what"),
        (
            providers.Factory(SqlRepository, limit=3),
            "SqlRepository takes no 'limit': correct what the container passes",
        ),
        (providers.AbstractFactory(Repository), "is abstract, providers.AbstractFactory: override it"),
        (providers.AbstractSingleton(Repository), "is abstract, providers.AbstractSingleton: override it"),
    ],
)
def test_factory_that_could_make_nothing_is_refused(provider: providers.Provider[Any], text: str) -> None:
    assert text in _says(provider)
    assert built == []


# ---------------------------------------------------------------- selectors


def _selector(chosen: str) -> providers.Selector[Any]:
    return providers.Selector(providers.Object(chosen), shared=providers.Singleton(Noted), own=providers.Factory(Noted))


async def test_what_a_selector_chooses_is_treated_as_itself() -> None:
    await run(start(_takes, a_container_with(it=_selector("own"))))
    assert len(built) == 1
    start(_takes, a_container_with(it=_selector("shared")))
    assert len(built) == 2


def test_selector_that_chooses_what_it_does_not_have_is_refused() -> None:
    said = _says(_selector("other"))
    assert said == "_takes → it: chooses 'other', expected one of 'shared', 'own': correct the setting"
    unset = providers.Configuration(strict=True).kind
    assert _says(providers.Selector(unset)).startswith("_takes → it → config.kind: config is empty: fill it")


@pytest.mark.parametrize("held", [providers.List, providers.Dict, None])
def test_selector_that_chooses_itself_ends_the_start(held: Any) -> None:
    one: Any = providers.Selector(lambda: "it")
    other = providers.Selector(lambda: "it", it=one)
    one.set_providers(it=other if held is None else held(other) if held is providers.List else held(a=other))
    assert _says(one).startswith("_takes → it → it: is built with itself, so nothing in the circle can be the first")
    assert "is built with itself" in _says(providers.Factory(dict, a=one))


async def test_class_among_what_a_selector_chooses_is_no_override() -> None:
    seen = []

    async def handler(event: BaseEvent, it: Any) -> None:
        seen.append(it)

    selector = providers.Selector(providers.Object("it"), it=providers.Object(Noted))
    await run(start(handler, a_container_with(it=selector)))
    assert seen == [Noted]


# ---------------------------------------------------------------- attributes of singletons


@pytest.mark.parametrize("name", ["limit", "started", "session"])
def test_attribute_that_a_singleton_has_or_declares(name: str) -> None:
    start(_takes, a_container_with(it=getattr(providers.Singleton(Noted).provided, name)))


class Answering:
    """Finds its attributes in a way of its own."""

    def __getattribute__(self, name: str) -> Any:
        return "here" if name == "limit" else object.__getattribute__(self, name)


class AnsweringClass(type):
    def __getattribute__(cls, name: str) -> Any:
        return "here" if name == "limit" else type.__getattribute__(cls, name)


class OfAnsweringClass(metaclass=AnsweringClass):
    """Has an attribute as a class."""


def a_module() -> ModuleType:
    module = ModuleType("settings")
    vars(module)["__getattr__"] = {"limit": 10}.__getitem__
    return module


a_repository = Repository()
a_repository.limit = 10  # type: ignore[attr-defined]  # what is looked for


@pytest.mark.parametrize("it", [Answering(), OfAnsweringClass, a_module(), weakref.proxy(a_repository)])
async def test_attribute_of_what_answers_in_a_way_of_its_own_is_not_looked_for(it: Any) -> None:
    async def handler(event: BaseEvent, it: object) -> None:
        built.append(it)

    await run(start(handler, a_container_with(it=providers.Singleton(lambda: it).provided.limit)))
    assert built in (["here"], [10])


def test_attribute_that_a_class_does_not_have_is_refused() -> None:
    start(_takes, a_container_with(it=providers.Singleton(lambda: Emitter).provided.topic))
    said = _says(providers.Singleton(lambda: Emitter).provided.topik)
    assert "a type has no attribute 'topik' (closest: 'topic')" in said


def test_attribute_that_a_singleton_does_not_have_is_refused() -> None:
    text = "a Emitter has no attribute 'topik' (closest: 'topic'): correct the name; what start() gives its value, "
    assert text in _says(providers.Singleton(Emitter).provided.topik)
    assert text in _says(providers.Singleton(Emitter).provided.topik.call())

    async def handler(event: BaseEvent, name: str = Provide["event_emitter.provided.topik"]) -> None: ...

    with pytest.raises(WiringError, match=r"handler → event_emitter.topik: a Emitter has no attribute 'topik'"):
        start(handler, a_container())


def test_attribute_that_the_choice_of_a_selector_does_not_have_is_refused() -> None:
    emitter = providers.Singleton(Emitter)
    chosen = providers.Selector(lambda: "it", it=emitter)
    start(_takes, a_container_with(it=chosen.provided.topic))
    assert "a Emitter has no attribute 'topik' (closest: 'topic')" in _says(chosen.provided.topik)
    with emitter.override(providers.Singleton(Noted)):
        assert "a Noted has no attribute 'topic'" in _says(chosen.provided.topic)


class Client:
    """Keeps in attributes what has attributes of its own."""

    kind = Emitter
    later: Emitter

    def __init__(self) -> None:
        self.emitter = Emitter()
        self.slotted = Slotted(self)
        self.session = None
        self.answering = Answering()

    @property
    def computed(self) -> object:
        raise RuntimeError("not started")

    def send(self, topic: str) -> None: ...


class Slotted:
    __slots__ = ("client", "unset")

    def __init__(self, client: Client) -> None:
        self.client = client


def _client() -> Any:
    return providers.Singleton(Client).provided


def test_attribute_behind_others_is_looked_for_in_what_they_hold() -> None:
    text = "a Emitter has no attribute 'topik' (closest: 'topic'): correct the name"
    for part in (_client().emitter.topik, _client().emitter.topik.call(), _client().emitter.topik.title):
        assert text in _says(part)
    assert "a type has no attribute 'topik'" in _says(_client().kind.topik)
    assert "a Client has no attribute 'sent' (closest: 'send')" in _says(_client().slotted.client.sent)
    with_a_fake = providers.Singleton(Client)
    with_a_fake.override(providers.Singleton(Noted))
    assert "a Noted has no attribute 'emitter'" in _says(with_a_fake.provided.emitter.topic)


def test_call_of_a_method_behind_attributes_is_compared_with_what_it_takes() -> None:
    start(_takes, a_container_with(it=_client().slotted.client.send.call("here")))
    assert "Client.send takes no 'topik'" in _says(_client().slotted.client.send.call(topik="here"))


@pytest.mark.parametrize(
    "name", ["session", "later", "computed", "answering", "slotted.unset", "send", "emitter.topic"]
)
def test_attribute_behind_what_is_not_there_yet_or_would_be_computed_is_not_looked_for(name: str) -> None:
    path = attrgetter(f"{name}.whatever")
    start(_takes, a_container_with(it=path(_client())))


def test_attribute_of_what_is_made_for_each_message_is_not_looked_for() -> None:
    start(_takes, a_container_with(it=providers.Factory(Noted).provided.whatever))
    assert built == []


# ---------------------------------------------------------------- traps


def test_singleton_of_a_setting_hands_out_the_text_and_is_refused() -> None:
    config = providers.Configuration(strict=True)
    config.from_dict(Settings().as_dict())
    said = _says(providers.Singleton(config.event_emitter))
    assert said.startswith("_takes → it: takes its class from config.event_emitter, but a path in the settings is only")


def test_singleton_that_turns_out_to_be_of_another_class_than_the_parameter_is_refused() -> None:
    async def handler(event: BaseEvent, it: Emitter) -> None: ...

    def repository() -> object:
        return Repository()

    for provider in (
        providers.Singleton(repository),
        providers.Selector(lambda: "a", a=providers.Singleton(repository)),
    ):
        assert _says(provider, handler).endswith(
            "parameter 'it: Emitter': its provider makes a Repository, which is no Emitter: correct the annotation or "
            "the container"
        )


async def test_override_of_what_a_selector_chooses_needs_not_fit() -> None:
    async def handler(event: BaseEvent, it: Emitter) -> None:
        built.append(it)

    emitter = providers.Singleton(Emitter)
    with emitter.override(providers.Singleton(Repository)):
        await run(start(handler, a_container_with(it=providers.Selector(lambda: "it", it=emitter))))
    assert [type(one) for one in built] == [Repository]


class Lazy:
    """A proxy of a repository."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    @property
    def __class__(self) -> type:
        return type(self._repository)

    @__class__.setter
    def __class__(self, cls: type) -> None: ...


@pytest.mark.parametrize(
    "provider", [providers.Singleton(lambda: Lazy(SqlRepository())), providers.Object(Lazy(SqlRepository()))]
)
async def test_object_that_stands_in_for_another_is_what_it_says_it_is(provider: providers.Provider[Any]) -> None:
    async def handler(event: BaseEvent, it: Repository) -> None:
        built.append(it)

    await run(start(handler, a_container_with(it=provider)))
    assert type(built[0]) is Lazy


def test_object_that_stands_in_for_one_of_another_class_is_refused() -> None:
    async def handler(event: BaseEvent, it: Emitter) -> None: ...

    said = _says(providers.Singleton(lambda: Lazy(SqlRepository())), handler)
    assert "its provider makes a SqlRepository, which is no Emitter" in said


async def test_provider_that_a_subclass_redefines_reaches_handlers_but_not_what_was_built_with_the_other() -> None:
    class Container(ApplicationContainer):
        service: providers.Provider[Any] = providers.Singleton(dict, draft=ApplicationContainer.draft)

    class Later(Container):
        draft = providers.Factory(SqlRepository)

    async def handler(event: BaseEvent, draft: Repository, service: dict[str, object]) -> None:
        built.extend((type(draft), type(service["draft"])))

    await run(compile_handler(handler, Later(), APP))
    assert built == [SqlRepository, Repository]


async def test_built_singleton_keeps_what_it_was_built_with_until_it_is_reset() -> None:
    class Container(ApplicationContainer):
        service: providers.Provider[Any] = providers.Singleton(
            dict, payment_repository=ApplicationContainer.payment_repository
        )

    async def handler(event: BaseEvent, service: dict[str, object]) -> None:
        built.append(service["payment_repository"])

    container: Any = Container()
    container.config.from_dict({"timeout": "30"})
    call = start(handler, container)
    with container.payment_repository.override(providers.Object("fake")):
        await run(call)
        with container.reset_singletons():
            await run(call)
    assert [type(one) for one in built] == [SqlRepository, str]


async def test_handlers_in_an_object_are_no_copies() -> None:
    class Handler:
        async def __call__(self, event: BaseEvent) -> None:
            built.append(self)

    handler = Handler()
    messages = (on("a.A", handler, cls=BaseEvent),)
    container = a_container_with(registry=providers.Singleton(Registry, providers.Object(messages)))
    await Dispatcher(container.registry(), container, APP).deliver(BaseEvent({}), Context(ARecord()))
    assert built == [handler]


async def test_singletons_are_built_in_the_loop_of_the_application() -> None:
    class InLoop:
        def __init__(self) -> None:
            built.append(asyncio.get_running_loop())

    start(_takes, a_container_with(it=providers.Singleton(InLoop)))
    assert built == [asyncio.get_running_loop()]
