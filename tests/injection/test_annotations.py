"""Annotations that are postponed, generic, or can't be read at all."""

from __future__ import annotations

import sys
from typing import Annotated, Any, Generic, NewType, Protocol, TypeVar, runtime_checkable

import pytest
from dependency_injector import providers

from eventy.errors import InjectionError
from eventy.event.base import BaseEvent
from eventy.injection import Provide, compile_handler
from tests.injection.application import (
    APP,
    Emitter,
    Repository,
    SqlRepository,
    a_container,
    a_container_with,
    run,
    start,
)

T = TypeVar("T")
seen: list[object] = []
Payments = NewType("Payments", Repository)


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


async def test_what_is_overridden_is_not_judged_by_what_it_stands_for() -> None:
    async def handler(event: BaseEvent, payment_repository: Emitter) -> None: ...

    container = a_container()
    with container.payment_repository.override(providers.Object(Emitter())):
        await run(start(handler, container))
    with pytest.raises(InjectionError, match="its provider makes a SqlRepository, which is no Emitter"):
        compile_handler(handler, container, APP)


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
    seen.clear()

    async def handler(event: BaseEvent, draft: Any, it: Any) -> None:
        seen.append(it)

    handler.__annotations__.update(draft="NotImportedAtRunTime", it="Annotated[Repository, Provide['draft']]")
    await run(compile_handler(handler, a_container(), APP))
    assert isinstance(seen[0], Repository)


def _defined(code: str) -> Any:
    """Return the `handler` that some source defines, with its annotations postponed."""
    namespace: dict[str, Any] = {"__name__": __name__, **globals()}
    exec("from __future__ import annotations\n" + code, namespace)
    return namespace["handler"]


@pytest.mark.parametrize(
    "annotation",
    ["NotImportedAtRunTime", "Repository | NotImportedAtRunTime", "no expression (", "1 / 0", "Literal['a']"],
)
async def test_annotation_that_nobody_can_read_leaves_the_parameter_to_its_name(annotation: str) -> None:
    handler = _handler(annotation)
    await run(compile_handler(handler, a_container_with(it=providers.Singleton(Repository)), APP))


def test_name_of_an_enclosing_function_is_refused_where_it_may_hold_a_marker() -> None:
    handler = _defined(
        "def outer():\n"
        "    class Local: pass\n"
        "    async def handler(event, it: Annotated[Local, Provide['draft']]): ...\n"
        "    return handler\n"
        "handler = outer()"
    )
    with pytest.raises(InjectionError, match=r"may hold a marker, but can't be read \(NameError: name 'Local'"):
        compile_handler(handler, a_container(), APP)


since_312 = pytest.mark.skipif(sys.version_info < (3, 12), reason="its syntax came with Python 3.12")


@since_312
@pytest.mark.parametrize(
    "code",
    [
        "async def handler[T: Repository](event, draft: T): seen.append(draft)",
        "async def handler[T: Repository](event, it: Annotated[T, Provide['draft']]): seen.append(it)",
        "class C[T]:\n async def it(self, it: Annotated[T, Provide['draft']]): seen.append(it)\nhandler = C.it",
        "type Draft = Annotated[Repository, Provide['draft']]\nasync def handler(event, it: Draft): seen.append(it)",
        "type Own[T] = Annotated[T, Provide['draft']]\nasync def handler(event, it: Own[Repository]): seen.append(it)",
    ],
)
async def test_type_parameters_and_aliases(code: str) -> None:
    seen.clear()
    await run(compile_handler(_defined(code), a_container(), APP))
    assert [type(one) for one in seen] == [Repository]


@since_312
@pytest.mark.parametrize(
    ("alias", "text"),
    [
        ("type Later = NotImportedAtRunTime", "the annotation can't be read (NameError: name 'NotImportedAtRunTime'"),
        ("type Later = Later | None", "the annotation can't be read (RecursionError"),
        ("type Later = Emitter", "its provider makes a Repository, which is no Later"),
    ],
)
def test_alias_that_leads_nowhere_is_refused(alias: str, text: str) -> None:
    with pytest.raises(InjectionError) as raised:
        compile_handler(_defined(f"{alias}\nasync def handler(event, draft: Later): ..."), a_container(), APP)
    assert f"parameter 'draft: Later': {text}" in str(raised.value)


async def test_class_that_looks_like_an_alias_is_a_class() -> None:
    class Money:
        __value__ = Emitter
        __supertype__ = Emitter

    await run(compile_handler(_handler(Money), a_container_with(it=providers.Object(Money())), APP))
