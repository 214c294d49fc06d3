"""`check`: everything at once, nothing connected, and the same at the start."""

from __future__ import annotations

import gc
import inspect
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

import pytest
from dependency_injector import containers, providers
from sanic import Blueprint, Request

from containers.application import ApplicationContainer, create_container
from eventy.app.check import build_app, check
from eventy.app.eventy import Eventy
from eventy.app.settings import Settings
from eventy.broker.memory import MemoryBroker
from eventy.clock import Clock
from eventy.command.base import BaseCommand
from eventy.consumer.memory import MemoryConsumer
from eventy.emitter.memory import MemoryEmitter
from eventy.errors import WiringError
from eventy.event.base import BaseEvent
from eventy.event.registry import Registry, on
from eventy.http.server import SanicServer
from eventy.injection import Provide
from eventy.serializer.avro import AvroEventSerializer
from eventy.testing.harness import Harness
from payment.repository.memory import MemoryPaymentRepository
from tests.app.mistaken import a_root, a_root_with_a_route, mistakes_of, settings

KAFKA = Settings(
    event_consumer="eventy.consumer.kafka.KafkaConsumer",
    event_emitter="eventy.emitter.kafka.KafkaProducer",
    kafka_bootstrap_server="127.0.0.1:1",
)


async def handle(event: BaseEvent) -> None: ...


async def misspelt(event: BaseEvent, payment_repo: object) -> None: ...


class Unready(BaseCommand):
    @classmethod
    def name(cls) -> str:
        return "Unready"


def test_sample_is_sound_and_the_check_leaves_nothing_behind() -> None:
    container: Any = create_container(Settings())
    before = container.payment_repository()
    with container.payment_repository.override(providers.Singleton(MemoryPaymentRepository)):
        check(container)
        check(container)
    assert container.payment_repository() is not before  # built anew: it keeps nothing of the check


def test_what_the_check_has_built_is_dropped() -> None:
    built: list[object] = []

    def engine() -> object:
        built.append(object())
        return built[-1]

    container = a_root(engine=providers.Singleton(engine))
    first = container.engine()
    check(container)
    assert container.engine() not in built[:2]
    assert first is built[0]


async def never_run() -> None: ...


class Busy(Eventy):
    def __init__(self, container: Any) -> None:
        super().__init__(container)
        self.add_task(never_run())


@pytest.mark.parametrize("is_mistaken", [False, True])
def test_tasks_of_applications_that_the_check_drops_are_closed(is_mistaken: bool) -> None:
    container = a_root(
        **({"registery": providers.Singleton(Registry), "consumer": a_consumer()} if is_mistaken else {})
    )
    container.set_provider("app", providers.Singleton(Busy, providers.Object(container)))
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        container.app().add_task(never_run())  # the check drops this application, and its own
        if is_mistaken:
            mistakes_of(container)
        else:
            check(container)
        gc.collect()
    assert [str(one.message) for one in warned] == []


def test_emitter_that_takes_no_part_in_transactions_is_told() -> None:
    container: Any = create_container(Settings(consumer_delivery="exactly_once"))
    other = MemoryBroker(clock=Clock())
    emitter = providers.Singleton(MemoryEmitter, broker=other, serializer=container.event_serializer, clock=Clock())
    with container.event_emitter.override(emitter):
        found = mistakes_of(container)
    assert [one.partition(" delivers exactly once")[0] for one in found] == [
        "consumer of contract-events (group payment-contracts)",
        "consumer of payment-commands (group payment)",
    ]


async def test_check_runs_inside_a_loop_as_well() -> None:
    check(create_container(KAFKA))


def everything_wrong() -> Any:
    bp = Blueprint("wrong")

    @bp.get("/payments/<payment_id>")
    async def payments(request: Request[Any, Any], payment_id: str, payment_repositry: object) -> None: ...

    config = settings()
    one: Any = providers.Singleton(dict)
    one.add_kwargs(two=one)
    server = providers.Singleton(SanicServer, blueprints=providers.Object((bp,)))
    container = a_root(
        config=config,
        registry=providers.Singleton(Registry, providers.Object((Unready, on("a.[", misspelt), on("b", misspelt)))),
        context=providers.Object(1),
        url=config.databse_url,
        circle=one,
        http_server=server,
        broken=providers.Singleton(int, "x"),
    )
    components = providers.List(server, one)  # what is wrong with one of them keeps the others from nothing
    container.set_provider("app", providers.Singleton(Eventy, providers.Object(container), components=components))
    return container


def test_all_mistakes_are_found_at_once_in_an_order_that_stays() -> None:
    found = mistakes_of(everything_wrong())
    beginnings = (
        "tests.app.test_check.Unready, registered for 'Unready', has no execute()",
        "GenericEvent is registered for 'a.[', which is neither the name of a schema nor a regular expression",
        "misspelt (",
        "a provider is called 'context'",
        "everything_wrong.<locals>.payments (",
        "config.databse_url: config has no 'databse_url' (closest: 'database_url', the variable DATABASE_URL)",
        "circle → circle: is built with itself",
        "broken: can't be built: ValueError: invalid literal for int() with base 10: 'x'",
    )
    assert [one for one, begins in zip(found, beginnings, strict=True) if not one.startswith(begins)] == []
    assert mistakes_of(everything_wrong()) == found


def many_routes_wrong() -> Any:
    """Return a container with a blueprint: what its routes and handlers ask for isn't there, or is mistaken itself."""
    bp = Blueprint("wrong")
    for name in "abcdef":

        async def not_there(request: Request[Any, Any], mising: object) -> None: ...

        async def mistaken(
            request: Request[Any, Any], it: Annotated[object, Provide["clock.provided.now_m"]]
        ) -> None: ...

        for called in (not_there, mistaken):
            called.__qualname__ = f"{called.__name__}_{name}"
            bp.add_route(called, f"/{called.__qualname__}", methods=("GET", "POST"), name=called.__qualname__)
    for error in (EOFError, IndexError, KeyError, OSError, TypeError, ValueError):

        async def failed(request: Request[Any, Any], exception: Exception, it: Any) -> None: ...

        failed.__module__ = f"modules.of_{error.__name__}"
        failed.__annotations__["it"] = error
        bp.exception(error)(failed)
    server = providers.Singleton(SanicServer, blueprints=providers.Object((bp,)))
    container = a_root(clock=providers.Singleton(Clock), http_server=server)
    components = providers.List(server)
    container.set_provider("app", providers.Singleton(Eventy, providers.Object(container), components=components))
    return container


@pytest.mark.parametrize("wrong", [everything_wrong, many_routes_wrong])
def test_order_is_the_same_in_every_process(wrong: Callable[[], Any]) -> None:
    program = f"from {__name__} import *\nprint(*mistakes_of({wrong.__name__}()), sep='\\n')"
    told = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(told) == 1
    assert told.pop().splitlines() == [line for mistake in mistakes_of(wrong()) for line in mistake.splitlines()]


def test_error_is_one_text_with_a_line_for_each_mistake() -> None:
    with pytest.raises(WiringError) as raised:
        check(everything_wrong())
    heading, *lines = str(raised.value).splitlines()
    assert heading == "8 mistakes were found:"
    assert lines == [f"  {mistake}" for mistake in raised.value.mistakes]


def test_start_finds_the_same_in_the_same_words() -> None:
    expected = mistakes_of(everything_wrong())
    with pytest.raises(WiringError) as raised:
        build_app(everything_wrong())
    assert raised.value.mistakes == expected


async def test_harness_finds_the_same_in_the_same_words() -> None:
    container: Any = create_container(Settings())
    with (
        container.registry.override(Registry([on("a", misspelt)])),
        container.payment_repository.override(MemoryPaymentRepository),
    ):
        expected = mistakes_of(container)
        with pytest.raises(WiringError) as raised:
            await Harness(container).__aenter__()
    schema, repository, parameter = sorted(expected)
    assert schema.startswith(
        "event_serializer: GenericEvent is registered for 'a', which matches no schema; 'avro_schemas' has "
    )
    assert repository.startswith("list_payments → payment_repository: is overridden with the class MemoryPayment")
    assert repository.endswith("or providers.Object(MemoryPaymentRepository(…))")
    assert parameter.startswith("misspelt (")
    assert raised.value.mistakes == expected


async def test_application_that_is_entered_finds_the_same_before_anything_has_started() -> None:
    container: Any = create_container(Settings())
    app = container.app()
    with container.registry.override(Registry([on("a", misspelt), on("b", misspelt)])):
        expected = mistakes_of(container)
        with pytest.raises(WiringError) as raised:
            await app.__aenter__()
    assert raised.value.mistakes == expected


def test_route_is_told_of_the_provider_that_it_asks_for() -> None:
    async def asking(request: Request[Any, Any], engine: object) -> None: ...

    async def connect() -> object: ...

    (mistake,) = mistakes_of(a_root_with_a_route(asking, engine=providers.Factory(connect)))
    label = test_route_is_told_of_the_provider_that_it_asks_for.__name__
    assert mistake.startswith(f"{label}.<locals>.asking → engine: must be awaited, as a Factory of the async")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("clock.provided.now_m", "clock.now_m: a Clock has no attribute 'now_m' (closest: 'now_ms'): correct the name"),
        ("numbers.broken", "Singleton(int): can't be built: ValueError: invalid literal for int()"),
    ],
)
def test_what_only_a_route_asks_for_is_looked_at_and_built_as_well(path: str, said: str) -> None:
    async def asking(request: Request[Any, Any], it: Any) -> None: ...

    asking.__annotations__["it"] = Annotated[object, Provide[path]]
    numbers = providers.Aggregate(broken=providers.Singleton(int, "x"))
    (mistake,) = mistakes_of(a_root_with_a_route(asking, clock=providers.Singleton(Clock), numbers=numbers))
    assert f"asking → {said}" in mistake


def test_route_is_told_of_an_application_that_it_does_not_take_where_that_can_be_built() -> None:
    async def asking(request: Request[Any, Any], app: Eventy) -> None: ...

    async def mistaken(request: Request[Any, Any], app: Harness[Any]) -> None: ...

    check(a_root_with_a_route(asking))
    (mistake,) = mistakes_of(a_root_with_a_route(mistaken))
    assert "mistaken (" in mistake
    assert "Harness[Any]': it gets the app, a Eventy: correct" in mistake
    for route in (asking, mistaken):
        container = a_root_with_a_route(route)
        container.app.add_kwargs(unknown=3)
        (mistake,) = mistakes_of(container)
        assert mistake.startswith("app: Eventy takes no 'unknown'")


def test_message_that_cannot_be_registered_hides_no_other() -> None:
    registry = providers.Singleton(Registry, providers.Object((int, on("b", misspelt), str)))
    message, parameter, first = mistakes_of(a_root(registry=registry))
    assert message.startswith("<class 'str'> isn't a message")
    assert parameter.startswith("misspelt (")
    assert first.startswith("registry: <class 'int'> isn't a message")


def test_pattern_that_cannot_be_compiled_is_told_once(tmp_path: Path) -> None:
    registry = providers.Singleton(Registry, providers.Object((on("a.[", handle),)))
    serializer = providers.Singleton(AvroEventSerializer, registry=registry, schemas_folder=tmp_path)
    (mistake,) = mistakes_of(a_root(registry=registry, event_serializer=serializer))
    assert mistake.startswith("GenericEvent is registered for 'a.[', which is neither the name of a schema nor a")


class Booked(BaseEvent):
    def __init__(self, room: str, guest: str) -> None:
        super().__init__({"room": room, "guest": guest})


@dataclass
class Freed(BaseEvent):
    room: str


class Moved(BaseEvent):
    @classmethod
    def from_data(cls, event_data: dict[str, Any]) -> Self:  # type: ignore[override]  # the mistake
        return cls(event_data)


@pytest.mark.parametrize(
    ("cls", "says"),
    [
        (
            Booked,
            "takes (room: 'str', guest: 'str'), but is made of a message's data, Booked(data): have __init__ take",
        ),
        (Freed, "takes (room: 'str'), but is made of a message's data, Freed(data): have __init__ take `data: dict` "),
        (Moved, "has a from_data(event_data: 'dict[str, Any]'), but that gets a schema's name and a message's data: "),
    ],
)
def test_message_that_its_class_cannot_be_made_of_is_told_with_the_place(cls: type[BaseEvent], says: str) -> None:
    registry = Registry((cls, on("of_functions", handle, cls=cls)))
    (mistake,) = mistakes_of(a_root(registry=providers.Object(registry)))
    place = f"{__file__}:{inspect.getsourcelines(cls)[1]}"
    assert mistake.startswith(f"{__name__}.{cls.__qualname__} ({place}) {says}")
    assert "from_data(cls, event_name, event_data)" in mistake


def test_class_that_makes_its_objects_otherwise_is_fine() -> None:
    class Made(Booked):
        @classmethod
        def from_data(cls, event_name: str, event_data: dict[str, Any]) -> Self:
            return cls(**event_data)

    class Typed(BaseEvent):
        def __init__(self, data: Mapping[str, object], *, is_new: bool = False) -> None: ...

    class Whatever(BaseEvent):
        def __init__(self, *args: Any) -> None: ...

    check(a_root(registry=providers.Object(Registry((Made, Typed, Whatever)))))


def test_single_message_without_its_comma_is_told_as_the_registry_tells_it() -> None:
    (mistake,) = mistakes_of(a_root(registry=providers.Singleton(Registry, providers.Object(Unready))))
    assert mistake == (
        "registry: found <class 'tests.app.test_check.Unready'>, expected a tuple of messages: (CreatePayment,) with "
        "its comma"
    )


def test_container_without_an_application_is_told_what_to_add() -> None:
    container = containers.DynamicContainer()
    container.set_providers(ap=providers.Singleton(dict))
    (mistake,) = mistakes_of(container)
    assert mistake.startswith(
        "the root container has no provider 'app' (closest: 'ap'): add app = providers.Singleton("
    )


@pytest.mark.parametrize("name", ["app", "registry"])
def test_provider_of_something_else_than_its_name_says_is_told(name: str) -> None:
    (mistake, *_) = mistakes_of(a_root(**{name: providers.Singleton(dict)}))
    assert mistake.startswith(f"{name}: makes a dict, expected an eventy.")


def test_component_that_cannot_be_one_is_told_with_its_path() -> None:
    container = a_root()
    container.set_provider(
        "app", providers.Singleton(Eventy, providers.Object(container), components=providers.List(providers.Object(3)))
    )
    (mistake,) = mistakes_of(container)
    assert mistake.startswith("app: 3 (int) is among the components, which have `async def start(self)`")


def a_consumer(**more: Any) -> Any:
    return providers.Singleton(
        MemoryConsumer,
        broker=providers.Singleton(MemoryBroker, clock=providers.Singleton(Clock)),
        serializer=None,
        clock=None,
        event_topics=["payments"],
        event_group="g",
        position="latest",
        **more,
    )


def test_consumer_that_is_forgotten_is_told_unless_something_may_use_it() -> None:
    consumer, chosen, started = a_consumer(), a_consumer(), a_consumer()
    registry = providers.Singleton(Registry)
    container = a_root(registry=registry, consumer=consumer, chosen=chosen, started=started)
    role = providers.Selector(lambda: "small", all=chosen, small=started)
    container.set_provider(
        "app", providers.Singleton(Eventy, providers.Object(container), components=providers.List(role))
    )
    (mistake,) = mistakes_of(container)
    assert mistake == (
        "consumer: is a MemoryConsumer that nothing uses, so it would never be started: list it among the components "
        "of app, or take it out of the container"
    )


def test_consumers_without_a_registry_are_told_of_it() -> None:
    consumer = a_consumer()
    container = a_root(registery=providers.Singleton(Registry), consumer=consumer)
    container.set_provider(
        "app", providers.Singleton(Eventy, providers.Object(container), components=providers.List(consumer))
    )
    (mistake,) = mistakes_of(container)
    assert mistake.startswith("the root container has no provider 'registry' (closest: 'registery'), so the consumers")


def test_class_of_containers_is_told_apart_from_its_instance() -> None:
    assert not isinstance(ApplicationContainer(), ApplicationContainer)  # which is why nothing here asks for that
    check(create_container(Settings()))
