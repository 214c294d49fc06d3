"""What a harness makes of the container that it is given."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from dependency_injector import providers

from eventy.app.create import create
from eventy.app.eventy import Eventy
from eventy.errors import ConfigurationError, WiringError
from eventy.testing.harness import Harness
from tests.testing.service import Container, message, service


async def never_run() -> None: ...


class Busy(Eventy):
    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.add_task(never_run())


class WithAnAbstractSingleton(Container):
    __self__ = providers.Self()
    nobody: providers.Provider[list[str]] = providers.AbstractSingleton(list)  # nobody asks for it
    app = providers.Singleton(
        Eventy, container=__self__, components=providers.List(Container.event_emitter, Container.worker)
    )


@pytest.fixture
def nothing_is_left_to_be_awaited() -> Iterator[None]:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        yield
        gc.collect()
    assert [str(one.message) for one in warned] == []


async def test_container_without_settings_is_told_what_fills_them() -> None:
    with pytest.raises(ConfigurationError, match="config has no 'memory_partitions': fill it with all settings"):
        async with Harness(Container()):
            pass


@pytest.mark.usefixtures("nothing_is_left_to_be_awaited")
async def test_tasks_of_an_application_that_was_built_before_are_closed() -> None:
    container = service()
    container.app().add_task(never_run())
    async with Harness(container) as app:
        await app.send(message(), "in")
        await app.settled()
    assert container.notes().calls == [("do", 1)]


@pytest.mark.usefixtures("nothing_is_left_to_be_awaited")
async def test_tasks_of_an_application_that_is_not_built_to_the_end_are_closed() -> None:
    container = service()
    container.set_provider("app", providers.Singleton(Busy, container=providers.Object(container)))
    container.event_emitter.override(providers.Singleton(create, container.config.emiter))
    with pytest.raises(WiringError, match=r"config\.emiter"):
        async with Harness(container):
            pass


async def test_abstract_singleton_that_nobody_asks_for_is_in_nobodys_way() -> None:
    container = service(WithAnAbstractSingleton)
    async with Harness(container) as app:
        await app.crash_and_restart()
        await app.send(message(), "in")
        await app.settled()
    assert container.notes().calls == [("do", 1)]
