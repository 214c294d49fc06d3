"""Builds the singletons of a container that was walked through, and tells which of them can't be built."""

from __future__ import annotations

import asyncio
import inspect
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType, MemberDescriptorType
from typing import Any

from dependency_injector import providers
from dependency_injector.containers import Container

from eventy.errors import EventyError
from eventy.injection.dependencies import Provider, dependencies, last_override
from eventy.injection.kept import is_shared
from eventy.injection.parameters import mismatch
from eventy.injection.products import opens
from eventy.injection.wiring import Flaw, Way, Wiring
from eventy.words import closest, described

# Where modules of Python and of others are, and eventy itself.
_LIBRARIES = tuple(
    {sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")} | {str(Path(__file__).parents[1])}
)
_METHODS = (FunctionType, staticmethod, classmethod)
# How objects and classes find their attributes, unless they have a way of their own: modules and proxies, for example.
_ORDINARY = (object.__getattribute__, type.__getattribute__)


def build(wiring: Wiring, *, opens_resources: bool) -> None:
    """Build every singleton without a flaw, those first that others are built with, and add what goes wrong.

    What has been built for an earlier walk isn't built again.

    Parameters
        opens_resources: whether what is built with a `Resource` is built as well, and what is asked for is opened.
    """
    for provider, path in tuple(wiring.walked):
        one = last_override(provider)
        if wiring.is_built(provider):
            continue
        if not all(map(wiring.is_sound, dependencies(one))):
            wiring.spoil(provider)
        elif not may_be_built(wiring, provider, opens_resources=opens_resources):
            pass
        elif is_shared(one) or (isinstance(one, providers.BaseResource) and wiring.is_called(provider)):
            build_one(wiring, provider, path)
        elif isinstance(one, providers.AttributeGetter):
            _look_at_attribute(wiring, provider, one, path)
        elif isinstance(one, providers.MethodCaller) and wiring.is_called(provider):
            _look_at_call(wiring, provider, one, path)


def may_be_built(wiring: Wiring, provider: Provider, *, opens_resources: bool) -> bool:
    """Return whether a provider can be called: it has no flaw, and opens nothing unless that is to be done."""
    return wiring.is_sound(provider) and (opens_resources or not opens(provider))


def build_one(wiring: Wiring, provider: Provider, path: Way) -> object | None:
    """Call a provider without a flaw, keep what a singleton is, and return it; None when that fails, which is added.

    Parameters
        path: the way to it, for the flaw.
    """
    try:
        made: object = provider()
    except EventyError as error:
        wiring.spoil(provider, Flaw(path, str(error), error))
        return None
    except (Exception, SystemExit, asyncio.CancelledError) as error:  # noqa: BLE001  # a constructor may raise anything
        text = f"can't be built: {described(error)}{_near(error)}{raised_at(error)}"
        wiring.spoil(provider, Flaw(path, text, error))
        return None
    if asyncio.isfuture(made):  # the library makes one of every coroutine
        _end(made)
        text = "hands out a Future, not an object: make it without `await`, and open it in start()"
        wiring.spoil(provider, Flaw(path, text))
        return None
    if is_shared(last_override(provider)):
        wiring.keep(provider, made)
    return made


@contextmanager
def rebuilt(container: Container) -> Iterator[None]:
    """Have singletons built anew inside a block, and dropped after it.

    The container's own `reset_singletons()` fails where one of them is abstract.
    """
    _reset(container)
    try:
        yield
    finally:
        _reset(container)


def _reset(container: Container) -> None:
    for provider in container.traverse(types=[providers.BaseSingleton]):
        if last_override(provider) is not provider or not isinstance(provider, providers.AbstractSingleton):
            provider.reset()


def _end(made: asyncio.Future[Any]) -> None:
    """End the work behind a singleton that is a Future.

    Not by cancelling the Future: what the library calls then, when the work has ended, fails in the loop.
    """
    for task in asyncio.all_tasks(made.get_loop()):
        for told, _ in getattr(task, "_callbacks", None) or ():
            if any(one is made for one in getattr(told, "args", ())):
                task.remove_done_callback(told)
                task.cancel()


def _look_at_attribute(wiring: Wiring, provider: Provider, getter: Any, path: Way) -> None:
    """Add a flaw for what an object doesn't have, though it may get its value at the start."""
    owner, name = _known(wiring, getter.provides), str(getter.name)
    if owner is None or _has(owner, name):
        return
    text = (
        f"a {type(owner).__qualname__} has no attribute {name!r}{closest(name, _public(owner))}: correct the name; "
        "what start() gives its value, __init__ sets to None"
    )
    wiring.spoil(provider, Flaw(path, text))


def _look_at_call(wiring: Wiring, provider: Provider, caller: Any, path: Way) -> None:
    """Add a flaw for a method that doesn't take what it is called with."""
    method: Any = last_override(caller.provides)
    if not isinstance(method, providers.AttributeGetter):
        return
    owner, name = _known(wiring, method.provides), str(method.name)
    if not isinstance(inspect.getattr_static(owner, name, None), _METHODS):  # a property would be computed
        return
    try:
        signature = inspect.signature(getattr(owner, name))
    except (TypeError, ValueError):
        return
    if (why := mismatch(signature, caller.args, caller.kwargs)) is not None:
        wiring.spoil(provider, Flaw(path, f"{type(owner).__qualname__}.{name} {why}"))


def _known(wiring: Wiring, part: Any) -> object | None:
    """Return what a provider hands out: a singleton that is built, or what one keeps in a plain attribute.

    None for what would have to be computed or called, and for what has yet to get its value.
    """
    if (made := wiring.made(part)) is not None:
        return made
    one: Any = last_override(part)
    if type(one) is providers.ProvidedInstance:
        return _known(wiring, one.provides)
    if not isinstance(one, providers.AttributeGetter) or (owner := _known(wiring, one.provides)) is None:
        return None
    return _plain(owner, str(one.name))


def _plain(owner: object, name: str) -> object | None:
    """Return the value of an attribute that is found without running anything; None where it isn't."""
    if _answers_in_its_own_way(owner):
        return None
    found: object = inspect.getattr_static(owner, name, None)
    if isinstance(found, MemberDescriptorType):  # one of __slots__
        return getattr(owner, name, None)
    return None if hasattr(type(found), "__get__") else found


def _has(owner: object, name: str) -> bool:
    """Return whether an object has an attribute, or may have, without having a property computed."""
    if _answers_in_its_own_way(owner):
        return True
    try:
        inspect.getattr_static(owner, name)
    except AttributeError:
        return any(name in inspect.get_annotations(cls) for cls in type(owner).__mro__)
    return True


def _answers_in_its_own_way(owner: object) -> bool:
    return hasattr(type(owner), "__getattr__") or type(owner).__getattribute__ not in _ORDINARY


def _near(error: BaseException) -> str:
    if not isinstance(error, AttributeError) or error.name is None or error.obj is None:
        return ""
    return closest(error.name, _public(error.obj))


def _public(made: object) -> list[str]:
    return [name for name in dir(made) if not name.startswith("_")]


def raised_at(error: BaseException) -> str:
    """Return where an error comes from: the last line that isn't a library's, nor eventy's; empty if there is none."""
    trace, place = error.__traceback__, ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file.endswith(".py") and not file.startswith(_LIBRARIES):
            place = f" ({file}:{trace.tb_lineno})"
        trace = trace.tb_next
    return place
