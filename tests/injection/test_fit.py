"""Handlers that don't take what they would be called with."""

from __future__ import annotations

import functools
import inspect
from inspect import Parameter
from typing import Annotated, Any, NewType

import pytest
from dependency_injector.wiring import Closing

from eventy.errors import InjectionError
from eventy.event.base import BaseEvent
from eventy.event.generic import GenericEvent
from eventy.event.registry import Registry, on
from eventy.handler.dispatch import Dispatcher
from eventy.injection import Provide, compile_handler, compile_handlers
from tests.injection.application import (
    Repository,
    a_container,
    run,
    said_of,
)


class Created(BaseEvent):
    """Something was created."""


class CreatedTwice(Created):
    """It was so already."""


# ---------------------------------------------------------------- the event comes first


async def _corr_id_first(corr_id: str, draft: Repository) -> None: ...


async def _context_first(context: Any) -> None: ...


async def _marker_first(draft: Annotated[Repository, Provide["draft"]]) -> None: ...


async def _default_first(draft: Repository = Provide["draft"]) -> None: ...


@pytest.mark.parametrize("handler", [_corr_id_first, _context_first, _marker_first, _default_first])
def test_event_that_is_forgotten_is_missed(handler: Any) -> None:
    assert said_of(handler).endswith("it gets the event, which comes first: put an `event` before it")


def test_parameter_of_another_class_does_not_take_the_event() -> None:
    async def handler(draft: Repository) -> None: ...

    assert "parameter 'draft: Repository': it gets the event, a Created, which is no Repository" in said_of(
        handler, event=Created
    )


def test_class_that_is_not_registered_is_told_from_the_event() -> None:
    async def handler(event: Created) -> None: ...

    registry = Registry([on("a.Created", handler)])
    with pytest.raises(InjectionError) as raised:
        Dispatcher(registry, a_container(), object())
    assert str(raised.value).endswith(
        "parameter 'event: Created': it gets the event, a GenericEvent, which is no Created: "
        "correct the annotation, or register the handler with on(…, cls=Created)"
    )
    Dispatcher(Registry([on("a.Created", handler, cls=Created)]), a_container(), object())


@pytest.mark.parametrize(
    "annotation", [Created, BaseEvent, CreatedTwice, Created | GenericEvent, object, Any, "Unknown", Parameter.empty]
)
def test_annotations_that_an_event_may_fit(annotation: Any) -> None:
    async def handler(event: Any) -> None: ...

    handler.__annotations__["event"] = annotation
    compile_handler(handler, a_container(), object(), Created)


def test_annotation_of_the_event_that_cannot_be_read_is_let_be() -> None:
    async def handler(event: Any) -> None: ...

    handler.__annotations__["event"] = "Annotated[Unknown, 'documentation']"
    compile_handler(handler, a_container(), object(), Created)


# ---------------------------------------------------------------- what comes with a message


class App:
    """An application."""


@pytest.mark.parametrize(
    ("name", "annotation", "kind"),
    [("corr_id", int, "str"), ("context", "dict[str, str]", "Context"), ("app", Repository, "App")],
)
def test_what_comes_with_a_message_is_annotated_as_what_it_is(name: str, annotation: Any, kind: str) -> None:
    namespace: dict[str, Any] = {}
    exec(f"async def handler(event, {name}): ...", namespace)
    namespace["handler"].__annotations__[name] = annotation
    with pytest.raises(InjectionError) as raised:
        compile_handler(namespace["handler"], a_container(), App())
    assert str(raised.value).endswith(
        f"it gets the {name}, a {kind}: correct the annotation, or call the parameter something else"
    )


def test_annotations_that_what_comes_with_a_message_fits() -> None:
    corr_id_of_ours = NewType("corr_id_of_ours", str)

    async def handler(event: BaseEvent, corr_id: str | None, app: object, context: Any) -> None: ...

    async def another(event: BaseEvent, corr_id: Any, app: App, context: Repository = Provide["draft"]) -> None: ...

    another.__annotations__["corr_id"] = corr_id_of_ours
    for one in (handler, another):
        compile_handler(one, a_container(), App())


# ---------------------------------------------------------------- decorators


def test_wrapper_that_takes_less_than_it_promises_is_refused() -> None:
    async def handler(event: BaseEvent, draft: Repository) -> None: ...

    @functools.wraps(handler)
    async def wrapper(event: BaseEvent) -> None: ...

    untyped: Any = wrapper
    line = untyped.__code__.co_firstlineno
    said = said_of(wrapper)
    assert "handler (" in said
    assert f"is called by way of wrapper ({__file__}:{line}), a decorator or a function with a __signature__, " in said
    assert said.endswith(
        "doesn't take what is passed to it: got an unexpected keyword argument 'draft'; "
        "let it take *args and **kwargs, and pass them on"
    )


async def test_wrapper_may_take_what_it_promises_by_name() -> None:
    seen = []

    async def handler(event: BaseEvent, draft: Repository, /) -> None: ...

    @functools.wraps(handler)
    async def wrapper(event: BaseEvent, draft: Repository, *, more: int = 3) -> None:
        seen.append((type(draft), more))

    await run(compile_handler(wrapper, a_container(), object()))
    assert seen == [(Repository, 3)]


class Logged:
    """A decorator that is a class."""

    def __init__(self, handler: Any) -> None:
        functools.update_wrapper(self, handler)
        self.handler = handler

    async def __call__(self, event: BaseEvent, draft: Repository) -> None:
        self.handler(event, draft)


async def test_decorator_may_be_a_class_whose_objects_are_awaited_in_place_of_a_function_that_is_not() -> None:
    seen = []

    @Logged
    def handler(event: BaseEvent, draft: Repository) -> None:
        seen.append(type(draft))

    await run(compile_handler(handler, a_container(), object()))
    assert seen == [Repository]


def test_object_that_takes_less_than_it_promises_is_refused() -> None:
    @Logged
    async def handler(event: BaseEvent, draft: Repository, event_emitter: object) -> None: ...

    assert "doesn't take what is passed to it: got an unexpected keyword argument 'event_emitter'" in said_of(handler)


@pytest.mark.parametrize("name", ["draft", "more"])
async def test_signature_that_is_set_by_hand_must_hold(name: str) -> None:
    async def handler(event: BaseEvent, draft: Repository) -> None: ...

    kind = Parameter.POSITIONAL_OR_KEYWORD
    untyped: Any = handler
    untyped.__signature__ = inspect.Signature([Parameter("event", kind), Parameter(name, kind)])
    if name == "draft":
        await run(compile_handler(handler, a_container(), object()))
    else:
        assert "the root container has no provider 'more'" in said_of(handler)
        untyped.__signature__ = inspect.Signature([Parameter("event", kind)])
        assert "doesn't take what is passed to it: missing a required argument: 'draft'" in said_of(handler)


def test_signature_that_is_none_is_refused() -> None:
    async def handler(event: BaseEvent) -> None: ...

    untyped: Any = handler
    untyped.__signature__ = 3
    assert "the signature can't be read (unexpected object 3 in __signature__ attribute)" in said_of(handler)


def _passing_on(handler: Any) -> Any:
    @functools.wraps(handler)
    async def passing_on(*args: Any, **kwargs: Any) -> None:
        await handler(*args, **kwargs)

    return passing_on


def _narrow(handler: Any) -> Any:
    @functools.wraps(handler)
    async def narrow(event: BaseEvent) -> None:
        await handler(event)

    return narrow


class Handlers:
    """Methods that are decorated."""

    @_passing_on
    @_narrow
    async def __call__(self, event: BaseEvent, draft: Repository) -> None: ...

    @_passing_on
    async def passed_on(self, event: BaseEvent, draft: Repository) -> None:
        assert isinstance(draft, Repository)


async def _asking(event: BaseEvent, draft: Repository, more: int = 3) -> None:
    assert isinstance(draft, Repository)


@pytest.mark.parametrize(
    "handler",
    [
        _passing_on(_narrow(_asking)),
        _passing_on(_passing_on(_narrow(_asking))),
        functools.partial(_passing_on(_narrow(_asking)), more=4),
        _passing_on(functools.partial(_narrow(_asking), more=4)),
        Handlers(),
        _passing_on(Handlers().__call__),
    ],
)
def test_wrapper_inside_another_one_must_take_what_is_passed_too(handler: Any) -> None:
    said = said_of(handler)
    assert "is called by way of narrow (" in said
    assert "doesn't take what is passed to it: " in said


@pytest.mark.parametrize(
    "handler",
    [
        _passing_on(_passing_on(_asking)),
        functools.partial(_passing_on(_asking), more=4),
        _passing_on(functools.partial(_asking, more=4)),
        Handlers().passed_on,
        _passing_on(Handlers().passed_on),
    ],
)
async def test_wrappers_that_pass_everything_on(handler: Any) -> None:
    await run(compile_handler(handler, a_container(), object()))


async def test_what_a_decorator_with_a_signature_of_its_own_passes_on_is_its_own_affair() -> None:
    seen = []

    async def handler(event: BaseEvent, draft: Repository) -> None:
        seen.append(type(draft))

    @functools.wraps(handler)
    async def wrapper(event: BaseEvent, corr_id: str, **injected: Any) -> None:
        await handler(event, **injected)

    shown = inspect.signature(wrapper, follow_wrapped=False).parameters["corr_id"]
    event, draft = inspect.signature(handler).parameters.values()
    untyped: Any = wrapper
    untyped.__signature__ = inspect.Signature([event, shown, draft])
    await run(compile_handler(wrapper, a_container(), object()))
    await run(compile_handler(_passing_on(wrapper), a_container(), object()))
    assert seen == [Repository] * 2


@pytest.mark.parametrize("marker", [Provide["draft"], Provide, Closing["draft"]])
def test_wrapper_that_hides_a_marker_is_refused(marker: Any) -> None:
    async def handler(event: BaseEvent, it: Repository = marker) -> None: ...

    def hiding(f: Any) -> Any:
        async def call(event: BaseEvent) -> None:
            await f(event)

        return call

    said = said_of(hiding(handler))
    assert f"hiding.<locals>.call ({__file__}:" in said
    assert said.endswith("which has markers: put functools.wraps(…) on it")


def _hiding(handle: Any) -> Any:
    async def call(event: BaseEvent) -> None:
        await handle(event)

    return call


def _hiding_behind_one_more(*, times: int) -> Any:
    def around(handle: Any) -> Any:
        async def call(event: BaseEvent) -> None:
            for _ in range(times):
                await handle(event)

        return call

    return around


def _hiding_by_another_name(handle: Any) -> Any:
    renamed = handle

    async def call(event: BaseEvent) -> None:
        await renamed(event)

    return call


def _hiding_by_a_function_that_is_gone(handle: Any) -> Any:
    async def call(event: BaseEvent) -> None:
        await handle(event)

    return call


_gone = _hiding_by_a_function_that_is_gone
del _hiding_by_a_function_that_is_gone


class _Hiding:
    @staticmethod
    def around(handle: Any) -> Any:
        async def call(event: BaseEvent) -> None:
            await handle(event)

        return call


@pytest.mark.parametrize(
    "decorator", [_hiding, _hiding_behind_one_more(times=2), _hiding_by_another_name, _gone, _Hiding.around]
)
def test_wrapper_that_hides_a_marker_of_what_it_calls_by_its_very_name_is_refused(decorator: Any) -> None:
    async def handle(event: BaseEvent, it: Repository = Provide["draft"]) -> None: ...

    assert said_of(decorator(handle)).endswith("which has markers: put functools.wraps(…) on it")


async def test_function_may_call_others_that_have_markers_and_give_them_everything() -> None:
    seen = []

    async def handle(event: BaseEvent, it: object = Provide["draft"]) -> None:
        seen.append(it)

    renamed = handle

    async def calling(event: BaseEvent) -> None:
        await handle(event, 1)
        await renamed(event, 2)

    def calling_with(value: object) -> Any:
        async def calling(event: BaseEvent) -> None:
            await handle(event, value)

        return calling

    await run(compile_handlers((calling, calling_with(3)), a_container(), object()))
    assert seen == [1, 2, 3]


def test_wrapper_that_is_not_named_after_its_function_is_refused() -> None:
    async def handler(event: BaseEvent, draft: Repository) -> None: ...

    async def wrapper(*args: Any, **kwargs: Any) -> None:
        await handler(*args, **kwargs)

    assert said_of(wrapper).endswith(
        "names no parameter, so nothing would be injected: if it is what a decorator puts in place of a handler, "
        "decorate it with @functools.wraps(handler)"
    )


# ---------------------------------------------------------------- methods


class Static(BaseEvent):
    @staticmethod
    async def handle(event: Any) -> None: ...


class OfClass(BaseEvent):
    @classmethod
    async def handle(cls, draft: Repository) -> None: ...


@pytest.mark.parametrize(("cls", "kind"), [(Static, "staticmethod"), (OfClass, "classmethod")])
def test_method_that_does_not_get_its_event_is_refused(cls: type[BaseEvent], kind: str) -> None:
    with pytest.raises(InjectionError) as raised:
        Dispatcher(Registry([cls]), a_container(), object())
    assert str(raised.value) == (
        f"{__name__}.{cls.__name__}.handle is a {kind}, which doesn't get the event: "
        f"write it as a method, `async def handle(self, …)`"
    )


class Nothing(BaseEvent):
    handle = None  # type: ignore[assignment]  # the mistake


class AProperty(BaseEvent):
    @property
    async def handle(self) -> None: ...  # type: ignore[override]  # the mistake


@pytest.mark.parametrize(("cls", "found"), [(Nothing, "None"), (AProperty, "<property object at ")])
def test_what_is_no_method_is_refused(cls: type[BaseEvent], found: str) -> None:
    with pytest.raises(
        InjectionError, match=rf"{cls.__name__}\.handle is {found}.*, which can't be called: write it as"
    ):
        Dispatcher(Registry([cls]), a_container(), object())


async def test_inherited_and_mixed_in_methods_are_methods() -> None:
    class Inherits(Created):
        """Does what its base does."""

    class Mixin:
        async def handle(self, draft: Repository) -> None: ...

    class Mixed(Mixin, BaseEvent):
        """Gets it from another side."""

    Dispatcher(Registry([Inherits, Mixed]), a_container(), object())


class WrapsItself:
    def __getattr__(self, name: str) -> Any:
        return self


class Mistrusting(type):
    def __subclasscheck__(cls, subclass: type) -> bool:
        raise RuntimeError("none of your business")


class Mistrusted(metaclass=Mistrusting):
    """Its class can't be asked."""


def test_object_that_wraps_itself_ends_the_start() -> None:
    assert "is not async: write `async def` without yield" in said_of(WrapsItself())


async def test_class_that_cannot_be_asked_lets_everything_pass() -> None:
    async def handler(event: BaseEvent, draft: Any) -> None: ...

    handler.__annotations__["draft"] = Mistrusted
    await run(compile_handler(handler, a_container(), object()))


@pytest.mark.parametrize("bound", [((1, 2, 3), {}), ((), {"unknown": 3})])
def test_partial_that_cannot_be_called_is_refused(bound: Any) -> None:
    async def handler(event: BaseEvent, draft: Repository) -> None: ...

    args, kwargs = bound
    assert "has incorrect arguments): correct that" in said_of(functools.partial(handler, *args, **kwargs))
