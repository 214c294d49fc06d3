"""Annotations at run time: resolved one by one, so that a name which only type checkers import spoils no other."""

from __future__ import annotations

import inspect
import typing
from dataclasses import dataclass
from types import NoneType, SimpleNamespace, UnionType
from typing import Annotated, Any, NewType, Union, get_args, get_origin, get_type_hints

# Since Python 3.12.
_ALIAS: tuple[type, ...] = tuple(filter(None, [getattr(typing, "TypeAliasType", None)]))
# What type checkers accept in place of a float or a complex (PEP 484, "The numeric tower").
_ACCEPTED_AS: dict[type, tuple[type, ...]] = {float: (float, int), complex: (complex, float, int)}


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A postponed annotation that can't be evaluated.

    Parameters
        text: as it was written.
        reason: the error, such as `NameError: name 'Repository' is not defined`.
    """

    text: str
    reason: str


def names_of(function: object) -> dict[str, Any]:
    """Return what the annotations of a function may name: its module's names, and type parameters (PEP 695)."""
    names = dict(getattr(function, "__globals__", {}))
    owner: object = None
    for step in getattr(function, "__qualname__", "").split(".")[:-1]:
        owner = names.get(step) if owner is None else getattr(owner, step, None)
    for scope in (owner, function):
        names.update((parameter.__name__, parameter) for parameter in getattr(scope, "__type_params__", ()))
    return names


def read(annotation: object, namespace: dict[str, Any]) -> object:
    """Return what an annotation means, or Unreadable.

    Parameters
        namespace: see `names_of`.
    """
    holder = SimpleNamespace(__annotations__={"it": annotation})
    try:
        return get_type_hints(holder, globalns=namespace, include_extras=True)["it"]
    except Exception as error:  # noqa: BLE001  # an annotation is any expression, so it may raise anything
        if isinstance(annotation, str):
            return Unreadable(annotation, f"{type(error).__name__}: {error}")
        return annotation


def shown(annotation: object) -> str:
    """Return an annotation as its author wrote it, more or less."""
    if isinstance(annotation, Unreadable):
        return annotation.text
    if isinstance(annotation, type):
        return annotation.__name__
    return inspect.formatannotation(annotation).replace("typing.", "")


def asked_for(annotation: object) -> str:
    """Return the type in an annotation as its author wrote it: without what `Annotated` carries beside it."""
    return shown(get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation)


def metadata(annotation: object) -> tuple[object, ...]:
    """Return what `Annotated` carries, also inside `… | None` and behind a type alias."""
    annotation = _without_alias(annotation)
    if get_origin(annotation) is Annotated:
        return get_args(annotation)[1:]
    if _is_union(annotation):
        return tuple(item for member in get_args(annotation) for item in metadata(member))
    return ()


def parts(annotation: object) -> tuple[object, ...]:
    """Return what an annotation is made of, itself first: of `list[Annotated[int, 3]]` also the inner one, `int`, 3."""
    annotation = _without_alias(annotation)
    if get_origin(annotation) is Annotated:
        return (annotation, *get_args(annotation)[1:], *parts(get_args(annotation)[0]))
    return (annotation, *(part for member in get_args(annotation) for part in parts(member)))


def classes(annotation: object) -> tuple[type, ...] | None:
    """Return the classes whose instances fit; None where nobody can tell at run time."""
    annotation = _without_alias(annotation)
    if get_origin(annotation) is Annotated:
        return classes(get_args(annotation)[0])
    if _is_union(annotation):
        members = [classes(member) for member in get_args(annotation)]
        return None if None in members else tuple(cls for member in members for cls in member or ())
    if annotation is None:
        return (NoneType,)
    cls = get_origin(annotation) or annotation
    if cls is Any or not isinstance(cls, type):
        return None
    return _ACCEPTED_AS.get(cls, (cls,))


def fits(cls: type, allowed: tuple[type, ...]) -> bool:
    """Return whether instances of a class fit; a protocol that can't be checked at run time lets everything pass."""
    try:
        return issubclass(cls, allowed)
    except Exception:  # noqa: BLE001  # beside protocols, a metaclass may answer by anything
        return True


def _without_alias(annotation: object) -> object:
    """Follow `type Alias = …` (Python 3.12), `Alias[int]` too, and `NewType`."""
    while True:
        if isinstance(annotation, NewType):
            annotation = annotation.__supertype__
        elif _ALIAS and (isinstance(annotation, _ALIAS) or isinstance(get_origin(annotation), _ALIAS)):
            alias: Any = annotation
            annotation = alias.__value__
        else:
            return annotation


def _is_union(annotation: object) -> bool:
    return get_origin(annotation) in (Union, UnionType)
