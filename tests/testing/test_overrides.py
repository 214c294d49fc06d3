"""Overrides of providers: each takes off its own, and none outlives its test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from dependency_injector import containers, providers

from eventy.testing.overrides import OverrideError, override, overrides_undone


class Database:
    pass


class Repository:
    def __init__(self, database: object = None, name: str = "real") -> None:
        self.database = database
        self.name = name

    def greeting(self) -> str:
        return f"hello {self.name}"


class Fake:
    name = "fake"


class PaymentContainer(containers.DeclarativeContainer):
    config = providers.Configuration()
    database: providers.Dependency[Database] = providers.Dependency()
    repository = providers.Singleton(Repository, database)
    draft = providers.Factory(Repository)


class ApplicationContainer(containers.DeclarativeContainer):
    config = providers.Configuration(strict=True)
    database = providers.Singleton(Database)
    payment: providers.Container[Any] = providers.Container(PaymentContainer, config=config, database=database)
    repository = payment.repository
    greeting = repository.provided.greeting.call()
    several = providers.List(database, providers.Singleton(Repository))


@pytest.fixture
def container() -> Any:
    container = ApplicationContainer()
    container.config.from_dict({"limit": 10, "page": {"size": 5}})
    return container


@pytest.fixture
async def fake(container: Any) -> AsyncIterator[Fake]:
    await asyncio.get_running_loop().run_in_executor(None, Fake)
    with override(container.payment.repository, Fake()) as fake:
        yield fake


@pytest.fixture
def nothing_left(container: Any) -> Iterator[None]:
    with overrides_undone(container):
        yield


# ---------------------------------------------------------------- overriding


async def test_async_fixture_overrides(container: Any, fake: Fake) -> None:
    assert container.repository() is fake


def test_built_singleton_comes_back(container: Any) -> None:
    built = container.repository()
    with override(container.repository, Fake()) as fake:
        assert container.repository() is fake
    assert container.repository() is built


def test_by_provider_and_nested(container: Any) -> None:
    with override(container.repository, providers.Factory(Fake)), override(container.repository, "last"):
        assert container.repository() == "last"
    with override(container.repository, providers.Factory(Fake)):
        assert container.repository() is not container.repository()


def test_other_container_is_left_alone(container: Any) -> None:
    with override(container.repository, Fake()):
        assert isinstance(ApplicationContainer().repository(), Repository)


def test_setting(container: Any) -> None:
    with override(container.config.page.size, 7):
        assert container.config.page.size() == container.payment.config.page.size() == 7
    assert container.config.page.size() == container.payment.config.page.size() == 5


def test_attribute_of_a_provider(container: Any) -> None:
    assert container.greeting() == "hello real"
    with override(container.greeting, "hi"):
        assert container.greeting() == "hi"
    with override(container.repository, Repository(name="fake")):
        assert container.greeting() == "hello fake"


def test_built_singleton_keeps_what_it_was_built_with(container: Any) -> None:
    built = container.repository()
    with override(container.database, "fake"):
        assert container.repository().database is built.database
        with container.repository.reset():  # as long as this lasts, another one
            assert container.repository().database == "fake"
    assert isinstance(container.repository().database, Database)


def test_class_is_refused(container: Any) -> None:
    with pytest.raises(OverrideError) as raised, override(container.repository, Fake):
        pass
    assert str(raised.value) == (
        "the Singleton of Repository would be overridden with the class Fake, which is handed out as it is, not as "
        "an instance: override it with providers.Factory(Fake) or providers.Object(Fake(…))"
    )
    with override(container.repository, providers.Object(Fake)):  # who says so means it
        assert container.repository() is Fake


def test_name_of_a_provider_is_refused() -> None:
    name: Any = "repository"
    expected = "found 'repository', expected the provider that is overridden: override"
    with pytest.raises(OverrideError, match=expected), override(name, Fake()):
        pass


def test_whole_container_is_refused(container: Any) -> None:
    with pytest.raises(OverrideError, match="one by one"), override(container.payment, PaymentContainer()):
        pass


# ---------------------------------------------------------------- the order of leaving


async def test_wrong_order_leaves_the_later_one_active(container: Any) -> None:
    first_is_in, second_is_in = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        with override(container.repository, Repository(name="first")):
            first_is_in.set()
            await second_is_in.wait()

    async def second(task: asyncio.Task[None]) -> str:
        await first_is_in.wait()
        with override(container.repository, Fake()):
            second_is_in.set()
            await asyncio.wait({task})
            return str(container.repository().name)

    task = asyncio.create_task(first())
    assert await second(task) == "fake"
    with pytest.raises(OverrideError) as raised:
        await task
    assert str(raised.value) == (
        "overrides of the Singleton of Repository are left in the wrong order: that by a Repository before that by a "
        "Fake, which is the later one and stays active: leave the later one first"
    )
    assert container.repository().name == "real"


def test_override_that_somebody_else_undid_is_told(container: Any) -> None:
    with (
        pytest.raises(OverrideError, match="by a Fake has been undone by somebody else"),
        override(container.repository, Fake()),
    ):
        container.repository.reset_override()


def test_own_failure_is_the_one_that_is_shown(container: Any) -> None:
    with pytest.raises(OSError, match="disk") as raised, override(container.repository, Fake()):
        container.repository.reset_override()
        raise OSError("disk")
    assert "undone by somebody else" in raised.value.__notes__[0]


# ---------------------------------------------------------------- what outlives its test


def test_override_that_is_left_is_named_and_undone(container: Any) -> None:
    with pytest.raises(OverrideError) as raised, overrides_undone(container):
        container.repository.override(Fake())
        container.repository.override(providers.Factory(Fake))
        container.payment.draft.override(Fake())
        container.several.args[1].override(Fake())
        container.config.limit.override(20)
        assert container.config.limit() == container.payment.config.limit() == 20
    assert str(raised.value).splitlines() == [
        "4 overrides outlive their test; they are undone now, make them by `with …override(…):`",
        "  'config': overridden by a dict",
        "  'repository': overridden by a Fake, the Factory of Fake",
        "  'payment.draft': overridden by a Fake",
        "  the Singleton of Repository behind 'several': overridden by a Fake",
    ]
    assert container.repository().name == container.payment.draft().name == "real"
    assert container.config() == container.payment.config() == {"limit": 10, "page": {"size": 5}}
    assert container.config.limit() == container.payment.config.limit() == 10


def test_override_of_a_class_reaches_later_containers_and_is_named(container: Any) -> None:
    with (
        pytest.raises(OverrideError, match=r"'ApplicationContainer\.database': overridden by a Fake"),
        overrides_undone(container),
    ):
        ApplicationContainer.database.override(providers.Object(Fake()))
        assert isinstance(ApplicationContainer().database(), Fake)
    assert isinstance(ApplicationContainer().database(), Database)


def test_override_of_a_nested_containers_class_is_named(container: Any) -> None:
    with (
        pytest.raises(OverrideError, match=r"'PaymentContainer\.draft': overridden by a Fake"),
        overrides_undone(container),
    ):
        PaymentContainer.draft.override(providers.Object(Fake()))


def test_class_of_containers_is_watched() -> None:
    with (
        pytest.raises(OverrideError, match=r"'payment\.draft': overridden by a Fake"),
        overrides_undone(ApplicationContainer),
    ):
        ApplicationContainer.payment.draft.override(Fake())


def test_first_of_two_raw_overrides_left_in_the_wrong_order_is_named(container: Any) -> None:
    with (
        pytest.raises(OverrideError, match=r"an override outlives its test.*\n  'repository': overridden by a Repo"),
        overrides_undone(container),
    ):
        first = container.repository.override(Repository())
        container.repository.override(Fake())
        first.__exit__()  # takes off the other one
        assert isinstance(container.repository(), Repository)


def test_override_of_a_whole_container_is_named_for_what_it_takes_off(container: Any) -> None:
    class FakeContainer(containers.DeclarativeContainer):
        draft = providers.Object("fake")

    with (
        pytest.raises(OverrideError, match=r"'payment\.config': no longer overridden by what fills it.* one by one"),
        overrides_undone(container),
    ):
        for _ in range(2):
            with container.payment.override(FakeContainer()):
                pass
    assert container.payment.config.limit() == 10
    assert isinstance(container.payment.database(), Database)


def test_override_of_a_whole_container_that_is_left_is_named(container: Any) -> None:
    class FakeContainer(containers.DeclarativeContainer):
        draft = providers.Object("fake")

    with pytest.raises(OverrideError) as raised, overrides_undone(container):
        container.payment.override(FakeContainer())
    assert str(raised.value).splitlines()[1:] == [
        "  'payment': overridden by a DynamicContainer",
        "  'payment.draft': overridden by a str",
    ]
    assert container.payment.draft().name == "real"
    assert container.payment.config.limit() == 10
    assert isinstance(container.payment.database(), Database)


def test_override_from_before_may_be_undone(container: Any) -> None:
    container.repository.override(Fake())
    with overrides_undone(container):
        container.repository.reset_override()
    assert container.repository().name == "real"


def test_failure_of_the_body_gets_a_note(container: Any) -> None:
    with pytest.raises(OSError, match="disk") as raised, overrides_undone(container):
        container.repository.override(Fake())
        raise OSError("disk")
    assert raised.value.__notes__[0].endswith("\n  'repository': overridden by a Fake")


@pytest.mark.usefixtures("nothing_left")
async def test_nothing_is_said_of_overrides_that_end(container: Any, fake: Fake) -> None:
    with container.payment.draft.override("draft"), override(container.config.limit, 1):
        assert container.payment.draft() == "draft"
    assert container.repository() is fake
