"""What `check` says of providers: one mistake each, with the way to it, what was found and what to do."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import pytest
from dependency_injector import containers, providers

from eventy.app.check import build_app, check
from eventy.app.create import create
from eventy.app.eventy import Eventy
from eventy.clock import Clock
from eventy.consumer.memory import MemoryConsumer
from eventy.errors import WiringError
from eventy.event.base import BaseEvent
from eventy.event.registry import Registry, on
from eventy.injection import Provide
from tests.app.mistaken import a_root, mistakes_in, mistakes_of, settings
from tests.app.recording import Recording


class Engine:
    """Talks to a database."""

    pool: object = None


class Draft:
    """Of one message."""


class Repository:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine


class Service:
    def __init__(self, draft: Draft | None = None, drafts: Any = None) -> None: ...


class Asynchronous:
    async def __aenter__(self) -> None: ...

    async def __aexit__(self, *error: object) -> None: ...


async def connect() -> Engine:
    return Engine()


@asynccontextmanager
async def session() -> AsyncIterator[str]:
    yield "session"


async def connect_for_ever() -> None:
    await asyncio.Event().wait()


def promised() -> Any:
    return connect_for_ever()


# ---------------------------------------------------------------- circles


@pytest.mark.parametrize("kind", [providers.Singleton, providers.Factory])
async def test_providers_that_override_each_other_are_told_once_by_check_and_start(kind: Any) -> None:
    async def handler(event: BaseEvent, user: object) -> None: ...

    one, two = kind(object), kind(object)
    one.override(two)
    two.override(one)
    user = providers.Factory(object)
    user.override(one)
    root = a_root(
        one=one,
        two=two,
        user=user,
        built=providers.Factory(Repository, one),
        registry=providers.Object(Registry([on("a.A", handler, cls=BaseEvent)])),
    )
    expected = "user: overrides go round in a circle, user → one → two → one, so nothing is made: undo one of them"
    (mistake,) = mistakes_of(root)
    assert mistake.endswith(f"handler → {expected}")
    with pytest.raises(WiringError) as raised:
        await Eventy(root).__aenter__()
    assert raised.value.mistakes == (mistake,)


@pytest.mark.parametrize(
    ("fill_two", "circle"),
    [
        (
            providers.Dependency.override,
            "one: overrides go round in a circle, one → two → one, so nothing is made: undo one of them",
        ),
        (
            providers.Dependency.set_default,
            "one → one: is built with itself, so nothing in the circle can be the first",
        ),
    ],
)
def test_placeholders_that_fill_each_other_are_told(fill_two: Any, circle: str) -> None:
    async def handler(event: BaseEvent, inner: Annotated[object, Provide["one.inner"]]) -> None: ...

    one: Any = providers.Dependency()
    two: Any = providers.Dependency()
    built: Any = providers.Factory(list, one, one.provided.inner)  # the library's own crash, were it made later
    one.override(two)
    fill_two(two, one)
    registry = providers.Object(Registry([on("a.A", handler, cls=BaseEvent)]))
    path, mistake = mistakes_of(a_root(built=built, one=one, two=two, registry=registry))
    assert path.endswith("'one' has no provider 'inner': correct the marker or add the provider")
    assert mistake.startswith(f"built → {circle}")


def test_circle_is_shown_as_the_way_around() -> None:
    one: Any = providers.Singleton(dict)
    three: Any = providers.Singleton(dict, one=one)
    two: Any = providers.Singleton(dict, three=three)
    one.add_kwargs(two=two)
    (mistake,) = mistakes_in(one=one, two=two, three=three)
    assert mistake == (
        "one → two → three → one: is built with itself, so nothing in the circle can be the first: have one of them "
        "take another one's provider (one.provider), to call it later"
    )


def test_circle_by_an_override_is_found() -> None:
    container = a_root(repository=providers.Singleton(dict))
    container.repository.override(providers.Singleton(dict, inner=container.repository))
    assert mistakes_of(container)[0].startswith("repository → repository: is built with itself")


def test_provider_that_is_handed_on_is_no_circle() -> None:
    two: Any = providers.DelegatedSingleton(dict)
    two.add_kwargs(one=providers.Singleton(dict, two=two))
    check(a_root(two=two))
    one: Any = providers.Singleton(dict)
    one.add_kwargs(two=providers.Singleton(dict, one=one.provider))
    check(a_root(one=one))


# ---------------------------------------------------------------- things to await


def test_singleton_that_must_be_awaited_is_refused() -> None:
    (mistake,) = mistakes_in(engine=providers.Singleton(connect))
    assert mistake == (
        "engine: is a singleton of the async connect, so it hands out a Future: make the object without `await`, and "
        "open it in its async start(), as a component"
    )


@pytest.mark.parametrize("engine", [providers.Coroutine(connect), providers.Factory(connect)])
def test_singleton_that_depends_on_an_awaitable_would_get_a_future(engine: providers.Provider[Any]) -> None:
    (mistake,) = mistakes_in(engine=engine, repository=providers.Singleton(Repository, engine))
    assert mistake == (
        f"repository → engine: must be awaited, as a {type(engine).__name__} of the async connect: whoever asks for it "
        "would get a Future or a coroutine. Make it a component with async start() and stop()"
    )


async def test_singleton_that_turns_out_to_be_a_future_is_refused() -> None:
    (mistake,) = mistakes_in(engine=providers.Singleton(promised))
    assert mistake == ("engine: hands out a Future, not an object: make it without `await`, and open it in start()")
    assert all(task.cancelling() for task in asyncio.all_tasks() - {asyncio.current_task()})


def test_coroutine_that_nobody_asks_for_is_left_alone() -> None:
    check(a_root(engine=providers.Coroutine(connect)))


# ---------------------------------------------------------------- what lives shorter


def test_singleton_that_keeps_what_a_factory_makes_is_refused() -> None:
    draft = providers.Factory(Draft)
    (mistake,) = mistakes_in(draft=draft, service=providers.Singleton(Service, draft))
    assert mistake == (
        "service → draft: is a Factory, but the singleton service keeps what it gets for ever, for all messages alike: "
        "make draft a Singleton, or let service take the provider itself (write .provider after it) and call that for "
        "each use"
    )


@pytest.mark.parametrize("held", [providers.List, providers.Dict])
def test_singleton_that_keeps_it_in_a_list_is_refused_as_well(held: Any) -> None:
    draft = providers.Factory(Draft)
    inside = held(draft) if held is providers.List else held(a=draft)
    (mistake,) = mistakes_in(draft=draft, service=providers.Singleton(Service, drafts=inside))
    assert mistake.startswith("service → draft: is a Factory")


class Maker:
    def part_of(self, draft: Draft) -> object:
        return draft

    @classmethod
    def of_class(cls, draft: Draft) -> object:
        return draft

    @staticmethod
    def of_nothing(draft: Draft) -> object:
        return draft


def first(*made: object) -> object:
    return made[0]


draft = providers.Factory(Draft)
maker = providers.Singleton(Maker)
chosen = providers.Selector(lambda: "it", it=draft)


@pytest.mark.parametrize(
    ("argument", "way"),
    [
        (draft.provided.lines, "draft.lines → draft"),
        (draft.provided.lines["first"].amount, "draft.lines['first'].amount → draft"),
        (draft.provided.lines.call(), "draft.lines() → draft"),
        (draft.provided.lines.call().first, "draft.lines().first → draft.lines() → draft"),
        (maker.provided.part_of.call(draft), "maker.part_of() → draft"),
        (providers.Callable(first, draft), "Callable(first) → draft"),
        (providers.Callable(first, providers.Callable(first, draft)), "Callable(first) → Callable(first) → draft"),
        (providers.Callable(first, draft.provided.lines), "Callable(first) → draft.lines → draft"),
        (providers.Callable(draft), "Callable(draft) → draft"),
        (providers.List(providers.Dict(a=draft.provided.lines)), "draft.lines → draft"),
        (providers.Callable(first, providers.List(chosen)), "Callable(first) → chosen → draft"),
        (chosen, "draft"),
        (providers.Resource(first, draft), "Resource(first) → draft"),
        (providers.Dependency(default=draft), "Dependency → draft"),
    ],
)
def test_singleton_that_keeps_what_is_behind_another_provider_is_refused(argument: Any, way: str) -> None:
    service = providers.Singleton(Service, drafts=argument)
    (mistake,) = mistakes_in(draft=draft, maker=maker, chosen=chosen, service=service)
    assert mistake.startswith(f"service → {way}: is a Factory, but the singleton service keeps what it gets for ever")
    assert "make draft a Singleton, or let service take the provider itself" in mistake


def test_placeholder_that_a_factory_fills_is_seen_through() -> None:
    class Inner(containers.DeclarativeContainer):
        draft: providers.Dependency[Draft] = providers.Dependency(instance_of=Draft)
        service = providers.Singleton(Service, draft)

    (mistake,) = mistakes_in(draft=draft, inner=providers.Container(Inner, draft=draft))
    assert mistake.startswith(
        "inner.service → inner.draft → draft: is a Factory, but the singleton inner.service keeps"
    )


def test_override_behind_another_provider_may_be_made_as_it_likes() -> None:
    engine = providers.Singleton(Engine)
    reached = providers.Callable(first, engine)
    container = a_root(
        engine=engine, reached=reached, one=providers.Singleton(Service, drafts=engine.provided.__class__)
    )
    container.set_provider("two", providers.Singleton(Service, drafts=reached))
    with engine.override(providers.Factory(Engine)), reached.override(providers.Factory(Engine)):
        check(container)


def test_what_is_computed_for_a_singleton_of_what_stays_is_fine() -> None:
    engine = providers.Singleton(Engine)
    check(
        a_root(
            engine=engine,
            called=providers.Singleton(Service, drafts=providers.Callable(first, engine, draft.provider)),
            part=providers.Singleton(Service, drafts=maker.provided.part_of.call(engine)),
            another=providers.Factory(Service, drafts=draft.provided.lines),
        )
    )


def test_singleton_that_keeps_what_is_a_threads_own_is_refused() -> None:
    draft = providers.ThreadLocalSingleton(Draft)
    (mistake,) = mistakes_in(draft=draft, service=providers.Singleton(Service, draft))
    assert mistake.startswith("service → draft: is a ThreadLocalSingleton")


def test_singleton_may_have_the_provider_and_a_factory_may_have_both() -> None:
    draft, engine = providers.Factory(Draft), providers.Singleton(Engine)
    check(
        a_root(
            draft=draft,
            service=providers.Singleton(Service, drafts=draft.provider),
            repository=providers.Factory(Repository, engine),
            another=providers.Factory(Service, draft),
        )
    )


# ---------------------------------------------------------------- async context managers


class Sessions:
    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[str]:
        yield "session"


@pytest.mark.parametrize(
    "opened",
    [
        providers.Factory(session),
        providers.Factory(Asynchronous),
        providers.Singleton(Sessions).provided.call(),
    ],
)
@pytest.mark.parametrize("kind", [providers.Singleton, providers.Factory])
def test_context_manager_behind_another_provider_is_refused(kind: Any, opened: providers.Provider[Any]) -> None:
    (mistake,) = mistakes_in(session=opened, service=kind(Service, drafts=opened))
    assert mistake == (
        "service → session: is an async context manager. Only parameters of handlers and routes are entered, service "
        "would get it unopened: have the handler ask for session and pass on what it gives, or let service take the "
        "provider itself (write .provider after it) and enter what that makes"
    )


def test_part_of_a_context_manager_is_refused_with_the_way_to_it() -> None:
    opened = providers.Factory(Asynchronous)
    (mistake,) = mistakes_in(session=opened, service=providers.Factory(Service, drafts=opened.provided.connection))
    assert mistake.startswith("service → session.connection → session: is an async context manager. Only parameters of")


def test_method_of_a_context_manager_is_refused_with_the_way_to_it() -> None:
    opened = providers.Factory(Asynchronous)
    (mistake,) = mistakes_in(session=opened, begun=opened.provided.connection.begin.call())
    assert mistake.startswith(
        "begun → session.connection.begin → session: is an async context manager. Only parameters of handlers"
    )


def test_part_of_what_must_be_awaited_is_refused_with_the_way_to_it() -> None:
    engine = providers.Factory(connect)
    (mistake,) = mistakes_in(engine=engine, service=providers.Singleton(Service, drafts=engine.provided.pool))
    assert mistake.startswith("service → engine.pool → engine: must be awaited, as a Factory of the async connect")


def test_scope_of_a_consumer_is_a_method_and_its_call_is_refused() -> None:
    class Database:
        @asynccontextmanager
        async def transaction(self) -> AsyncIterator[None]:
            yield

    database = providers.Singleton(Database)
    check(a_root(database=database, consumer=providers.Singleton(dict, scope=database.provided.transaction)))
    (mistake,) = mistakes_in(
        database=database, consumer=providers.Singleton(dict, scope=database.provided.transaction.call())
    )
    assert mistake.startswith("consumer → database.transaction(): is an async context manager")


# ---------------------------------------------------------------- classes


def test_class_by_a_setting_is_refused_since_the_text_would_be_handed_out() -> None:
    config = settings()
    (mistake,) = mistakes_in(config=config, serializer=providers.Singleton(config.event_serializer, 1))
    assert mistake == (
        "serializer: takes its class from config.event_serializer, but a path in the settings is only a text, and is "
        "handed out as such: write providers.Singleton(create, config.event_serializer, …), with `create` of "
        "eventy.app.create"
    )


def test_override_with_a_class_is_told_once_with_the_way_to_it() -> None:
    engine = providers.Singleton(Engine)
    container = a_root(
        engine=engine, one=providers.Singleton(Repository, engine), other=providers.Singleton(Repository, engine)
    )
    with engine.override(Draft):
        (mistake,) = mistakes_of(container)
        assert mistake == (
            "one → engine: is overridden with the class Draft, which is handed out as it is, not as an instance: "
            "override it with providers.Factory(Draft) or providers.Object(Draft(…))"
        )
    with engine.override(providers.Object(Draft())):
        check(container)


def test_override_that_the_message_recommends_is_fine() -> None:
    engine = providers.Singleton(Engine)
    container = a_root(engine=engine, repository=providers.Singleton(Repository, engine))
    with engine.override(providers.Factory(Draft)):
        check(container)


def test_class_is_fine_where_one_is_asked_for() -> None:
    def service(kind: type[Engine]) -> object:
        return kind

    kind = providers.Singleton(Engine)
    container = a_root(kind=kind, service=providers.Singleton(service, kind))
    with kind.override(Engine):
        check(container)


def test_class_that_does_not_fit_is_refused() -> None:
    clock = providers.Singleton(Clock)
    (mistake,) = mistakes_in(clock=clock, repository=providers.Singleton(Repository, clock))
    assert mistake == (
        "repository → clock: makes a Clock, but Repository takes engine: Engine: correct the container or the "
        "annotation"
    )


def test_provider_that_is_passed_twice_is_compared_with_both_parameters() -> None:
    class Pair:
        def __init__(self, first: Clock, second: Engine) -> None: ...

    clock = providers.Singleton(Clock)
    (mistake,) = mistakes_in(clock=clock, pair=providers.Singleton(Pair, first=clock, second=clock))
    assert mistake.startswith("pair → clock: makes a Clock, but ")
    assert "Pair takes second: Engine" in mistake


# ---------------------------------------------------------------- arguments


def test_argument_that_does_not_exist_is_told_with_the_nearest_one() -> None:
    engine = providers.Singleton(Engine)
    (mistake,) = mistakes_in(engine=engine, repository=providers.Singleton(Repository, engin=engine))
    assert mistake.startswith("repository: Repository takes no 'engin' (closest: 'engine'): correct what the container")


def test_argument_that_is_missing_is_told() -> None:
    (mistake,) = mistakes_in(repository=providers.Singleton(Repository))
    assert mistake.startswith("repository: Repository can't be called so, missing a required argument: 'engine'")


def test_factory_that_is_only_called_by_hand_may_get_its_arguments_then() -> None:
    check(a_root(repository=providers.Factory(Repository)))


def test_argument_of_a_created_consumer_is_told_though_its_broker_cannot_be_built() -> None:
    config = settings()
    broker = providers.Singleton(Repository)
    consumer = providers.Singleton(create, config.event_consumer, broker=broker, clok=1)
    other = providers.Singleton(
        create,
        config.event_consumer,
        broker=broker,
        serializer=None,
        clock=None,
        event_topics=["a topic"],
        event_group="g",
        position="latest",
    )
    by_settings = providers.Singleton(
        create,
        config.event_consumer,
        broker=broker,
        serializer=None,
        clock=None,
        event_topics=providers.Object(["payments"]),
        event_group="g",
        position="latest",
    )
    _, first, second = mistakes_in(
        config=config, broker=broker, consumer=consumer, other=other, by_settings=by_settings
    )
    assert (
        first
        == f"consumer: {MemoryConsumer.__name__} takes no 'clok' (closest: 'clock'): correct what the container passes"
    )
    assert second.startswith("other: event_topics has 'a topic', which can't be the name of a topic")


def test_attribute_that_does_not_exist_is_told_with_the_nearest_one() -> None:
    clock = providers.Singleton(Clock)
    (mistake,) = mistakes_in(clock=clock, service=providers.Singleton(Service, drafts=clock.provided.now_m))
    assert mistake == (
        "service → clock.now_m: a Clock has no attribute 'now_m' (closest: 'now_ms'): correct the name; what start() "
        "gives its value, __init__ sets to None"
    )


@pytest.mark.parametrize("name", ["part_of", "of_class", "of_nothing"])
def test_method_that_does_not_take_what_it_is_called_with_is_refused(name: str) -> None:
    method = getattr(providers.Singleton(Maker).provided, name)
    check(a_root(service=providers.Factory(Service, drafts=method.call(1))))
    check(a_root(made=method.call()))  # nobody asks for it: whoever calls it may pass more
    (mistake,) = mistakes_in(service=providers.Factory(Service, drafts=method.call(1, amount=2)))
    assert mistake.startswith(f"service → Singleton(Maker).{name}(): Maker.{name} takes no 'amount': correct what the")


def test_attribute_that_gets_its_value_at_the_start_is_there() -> None:
    class Database:
        pool: object

    async def handler(event: BaseEvent, pool: Annotated[object, Provide["database.provided.pool"]]) -> None: ...

    database = providers.Singleton(Database)
    check(a_root(database=database, registry=providers.Singleton(Registry, providers.Object((on("a", handler),)))))


def test_error_of_a_constructor_is_told_with_its_place_and_only_once() -> None:
    class Broken:
        def __init__(self) -> None:
            raise KeyError("url")

    engine = providers.Singleton(Broken)
    (mistake,) = mistakes_in(engine=engine, one=providers.Singleton(dict, engine=engine))
    assert mistake.startswith("engine: can't be built: KeyError: 'url' (")
    assert "test_check_providers.py:" in mistake


# ---------------------------------------------------------------- declarations


class Nested(containers.DeclarativeContainer):
    engine: providers.Dependency[Engine] = providers.Dependency(instance_of=Engine)
    repository = providers.Singleton(Repository, engine)


class Unused(containers.DeclarativeContainer):
    engine: providers.Dependency[Engine] = providers.Dependency(instance_of=Engine)
    service: providers.Provider[Any] = providers.Factory(dict, engine=engine)


class Base(containers.DeclarativeContainer):
    __self__ = providers.Self()
    engine = providers.Singleton(Engine)
    repository = providers.Singleton(Repository, engine)
    repositories = providers.Singleton(Service, drafts=providers.List(engine))
    nested = providers.Container(Nested, engine=engine)
    app = providers.Singleton(Eventy, container=__self__)


def test_placeholder_in_a_group_of_them_has_its_name() -> None:
    class Grouped(containers.DeclarativeContainer):
        given = providers.DependenciesContainer()
        service = providers.Singleton(Service, drafts=given.engine)

    (mistake,) = mistakes_in(grouped=providers.Container(Grouped))
    assert mistake.startswith("grouped.service → grouped.given.engine: is a placeholder, of type object, that nothing")


def test_placeholder_that_nothing_fills_is_told_where_it_is_needed() -> None:
    (mistake,) = mistakes_in(nested=providers.Container(Nested))
    assert mistake == (
        "nested.repository → nested.engine: is a placeholder, of type Engine, that nothing fills: pass one to its "
        "container"
    )


@pytest.mark.parametrize("kind", [providers.Factory, providers.Singleton])
def test_placeholder_that_is_filled_with_another_class_is_refused(kind: Any) -> None:
    (mistake,) = mistakes_in(clock=kind(Clock), nested=providers.Container(Unused, engine=kind(Clock)))
    assert mistake == (
        "nested.engine: is a placeholder, of type Engine, filled with what makes a Clock: fill it with what fits, or "
        "correct its instance_of"
    )
    check(a_root(nested=providers.Container(Unused, engine=kind(type("Other", (Engine,), {})))))


def test_provider_that_a_subclass_defines_again_is_still_used_by_what_it_inherits() -> None:
    class Redefining(Base):
        __self__ = providers.Self()
        engine = providers.Singleton(Engine)
        app = providers.Singleton(Eventy, container=__self__)

    assert mistakes_of(Redefining()) == tuple(
        f"{user} → Base.engine: Redefining defines engine again, but {user}, which it inherits, still uses the one of "
        f"Base: define {user} again as well, or put @containers.copy(Base) above the class"
        for user in ("repository", "repositories", "nested")
    )


def test_copied_class_uses_what_it_defines() -> None:
    @containers.copy(Base)
    class Copied(Base):
        __self__ = providers.Self()
        engine = providers.Singleton(Engine)
        app = providers.Singleton(Eventy, container=__self__)

    check(Copied())
    check(Base())


def test_application_that_is_inherited_has_the_class_for_its_container() -> None:
    class Inheriting(Base):
        more = providers.Singleton(Engine)

    (mistake,) = mistakes_of(Inheriting())
    assert mistake == (
        "app → __self__: is the class Base, not this container: Inheriting inherits app, but never __self__. Define "
        "app there again, with a __self__ = providers.Self() of its own"
    )


def test_application_without_the_container_is_told() -> None:
    (mistake,) = mistakes_in(app=providers.Singleton(Eventy))
    assert mistake.startswith(
        "app: has a container of its own, where nothing is found: add __self__ = providers.Self()"
    )


def test_component_that_is_listed_twice_is_told() -> None:
    container = a_root()
    component = providers.Singleton(Recording, "database", providers.Object([]))
    components = providers.List(component, component)
    container.set_provider("app", providers.Singleton(Eventy, providers.Object(container), components=components))
    (mistake,) = mistakes_of(container)
    assert mistake == ("app: has database twice among its components: list it once, it would be started twice")


@pytest.mark.parametrize("kind", [list, tuple])
def test_providers_in_a_plain_list_would_be_handed_out_as_they_are(kind: Any) -> None:
    engine = providers.Singleton(Engine)
    (mistake,) = mistakes_in(engine=engine, repository=providers.Singleton(Service, drafts=kind([engine])))
    assert mistake == (
        f"repository: has providers in a plain {kind.__name__}, its argument drafts, which hands out the providers "
        "instead of what they make: write providers.List(…)"
    )


def test_provider_around_the_one_that_it_replaces_is_fine() -> None:
    class Around(containers.DeclarativeContainer):
        __self__ = providers.Self()
        engine: providers.Provider[Any] = providers.Singleton(Engine)
        app = providers.Singleton(Eventy, container=__self__)

    class Wrapping(Around):
        __self__ = providers.Self()
        app = providers.Singleton(Eventy, container=__self__)
        engine = providers.Singleton(dict, inner=Around.engine)

    check(Wrapping())


def test_value_that_the_container_copies_is_told() -> None:
    class Copying(containers.DeclarativeContainer):
        __self__ = providers.Self()
        service = providers.Singleton(Service, drafts=[Draft()])
        topics: providers.Provider[Any] = providers.Singleton(dict, topics=["payments"])
        whole = providers.Singleton(Service, drafts=providers.Object(threading.Lock()))
        app = providers.Singleton(Eventy, container=__self__)

    (mistake,) = mistakes_of(Copying())
    assert mistake == (
        "service: its argument 'drafts' is a copy: a container copies the values that it is declared with, and the "
        "copy of this list isn't equal to it. Pass it as providers.Object(…)"
    )


def test_abstract_provider_must_be_overridden_where_it_is_needed() -> None:
    engine: Any = providers.AbstractSingleton(Engine)
    container = a_root(engine=engine, repository=providers.Singleton(Repository, engine))
    (mistake,) = mistakes_of(container)
    assert mistake == (
        "repository → engine: is abstract, providers.AbstractSingleton: override it, or make it a concrete one"
    )
    with engine.override(providers.Singleton(Engine)):
        check(container)


def test_resource_is_not_opened() -> None:
    opened: list[str] = []

    def pool() -> str:
        opened.append("pool")
        return "pool"

    resource = providers.Resource(pool)
    container = a_root(
        pool=resource,
        registry=providers.Singleton(lambda pool: Registry(), resource),
        service=providers.Singleton(Service, drafts=resource),
    )
    components = providers.List(providers.Singleton(Recording, resource, providers.Object([])))
    container.set_provider("app", providers.Singleton(Eventy, providers.Object(container), components=components))
    check(container)
    assert opened == []
    assert isinstance(build_app(container), Eventy)
    assert opened == ["pool"]
