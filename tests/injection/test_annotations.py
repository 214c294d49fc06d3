"""Annotations that are postponed, generic, or can't be read at all."""

from __future__ import annotations

from typing import Annotated, Any, Generic, NewType, Protocol, TypeVar, runtime_checkable

import pytest
from dependency_injector import providers

from eventy.errors import InjectionError
from eventy.event.base import BaseEvent
from eventy.injection import Provide, compile_handler
from tests.injection.application import Emitter, Repository, SqlRepository, a_container, a_container_with, run

T = TypeVar("T")
Payments = NewType("Payments", Repository)
APP = object()


class Store(Generic[T]):
    """Holds anything."""


class CanSend(Protocol):
    def send(self) -> None: ...


@runtime_checkable
class CanSendNow(Protocol):
    def send(self) -> None: ...


class Sender:
    def send(self) -> None: ...


def _handler(annotation: Any) -> Any:
    async def handler(event: BaseEvent, it: object) -> None: ...

    handler.__annotations__["it"] = annotation
    return handler


@pytest.mark.parametrize(
    ("annotation", "made"),
    [
        (Repository, SqlRepository()),
        (Repository | None, SqlRepository()),
        (Repository | None, None),
        (Emitter | Repository, SqlRepository()),
        (Any, SqlRepository()),
        (T, SqlRepository()),
        (Payments, SqlRepository()),
        ("Store[int]", Store()),
        (dict[str, int], {"a": 1}),
        (float, 3),
        (CanSend, Emitter()),  # can't be checked at run time
        (CanSendNow, Sender()),
        ("NotImportedAtRunTime", SqlRepository()),
        (Annotated["NotImportedAtRunTime", Provide["it"]], SqlRepository()),  # noqa: F821  # what is tested
        (type[Repository], SqlRepository),
    ],
)
async def test_fits(annotation: Any, made: object) -> None:
    container = a_container_with(it=providers.Object(made))
    await run(compile_handler(_handler(annotation), container, APP))


@pytest.mark.parametrize(
    ("annotation", "made", "text"),
    [
        (Emitter, SqlRepository(), "its provider makes a SqlRepository, which is no Emitter: correct the annotation"),
        (SqlRepository, Repository(), "its provider makes a Repository, which is no SqlRepository"),
        (Emitter | None, Repository(), "its provider makes a Repository, which is no "),
        (Store[int], Repository(), "its provider makes a Repository, which is no "),
        (int, 3.5, "its provider makes a float, which is no int"),
        (CanSendNow, Emitter(), "its provider makes a Emitter, which is no CanSendNow"),
        (Repository, Repository, "its provider makes a type, which is no Repository"),
    ],
)
def test_does_not_fit(annotation: Any, made: object, text: str) -> None:
    container = a_container_with(it=providers.Object(made))
    with pytest.raises(InjectionError, match="parameter 'it: ") as raised:
        compile_handler(_handler(annotation), container, APP)
    assert text in str(raised.value)


def test_class_of_a_singleton_is_compared() -> None:
    async def handler(event: BaseEvent, payment_repository: Emitter) -> None: ...

    with pytest.raises(InjectionError, match="its provider makes a SqlRepository, which is no Emitter"):
        compile_handler(handler, a_container(), APP)


async def test_override_need_not_fit() -> None:
    async def handler(event: BaseEvent, payment_repository: Repository) -> None: ...

    container = a_container()
    with container.payment_repository.override(providers.Object(Emitter())):
        await run(compile_handler(handler, container, APP))


def test_unreadable_annotation_that_may_hold_a_marker_is_refused() -> None:
    handler = _handler("Annotated[NotImportedAtRunTime, Provide['draft']]")
    with pytest.raises(InjectionError) as raised:
        compile_handler(handler, a_container(), APP)
    assert (
        "parameter 'it: Annotated[NotImportedAtRunTime, Provide['draft']]': the annotation may hold a marker, but "
        "can't be read (NameError: name 'NotImportedAtRunTime' is not defined): import its names at run time, not for "
        'type checkers only, or write the marker as the default, = Provide["name"]'
    ) in str(raised.value)


async def test_unreadable_annotation_spoils_no_other() -> None:
    seen = []

    async def handler(event: BaseEvent, draft: Any, it: Any) -> None:
        seen.append(it)

    handler.__annotations__.update(draft="NotImportedAtRunTime", it="Annotated[Repository, Provide['draft']]")
    await run(compile_handler(handler, a_container(), APP))
    assert isinstance(seen[0], Repository)
