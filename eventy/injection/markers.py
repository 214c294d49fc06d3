"""What users mark a parameter with: `Annotated[Repository, Provide["name"]]` or `= Provide["name"]`."""

from __future__ import annotations

from inspect import Parameter
from typing import Protocol, cast

from dependency_injector.wiring import Closing, Modifier, Provide, Provider

from eventy.errors import InjectionError
from eventy.injection.annotations import Unreadable, metadata, parts, shown
from eventy.words import counted, described


class Marker(Protocol):
    """A `Provide[…]`.

    Parameters
        provider: the path of a provider, `payment.repository` for example.
        modifier: what is done to the provider, `Provide["config.limit", as_int()]`; usually None.
    """

    provider: str
    modifier: Modifier | None


# Classes, though the library declares them as objects to type checkers.
_PROVIDE = cast(type, Provide)
_KINDS = (_PROVIDE, cast(type, Provider), cast(type, Closing))


def marker_of(parameter: Parameter) -> Marker | None:
    """Return the marker of a parameter, if it has one.

    Raises InjectionError for a marker of another kind or form, for more than one, for one that stands where nobody
    looks, and where an annotation that can't be read may hide one.
    """
    annotation = parameter.annotation
    try:
        in_place, anywhere = metadata(annotation), parts(annotation)
    except Exception as error:  # what `type Alias = …` stands for is looked up only now
        raise InjectionError(f"the annotation can't be read ({described(error)}): correct it") from error
    found = [one for one in (*in_place, parameter.default) if is_marker(one)]
    if len(found) < sum(map(is_marker, (*anywhere, parameter.default))):
        raise InjectionError(
            f"a marker stands inside {shown(annotation)}, where it marks nothing: "
            f'write Annotated[Type, Provide["name"]] around the whole of it'
        )
    if len(found) > 1:
        raise InjectionError(
            f"it has {counted(len(found), 'marker')}, {' and '.join(map(repr, found))}: leave one of them"
        )
    if found:
        return _checked(found[0])
    if isinstance(annotation, Unreadable) and any(word in annotation.text for word in ("Annotated", "Provide")):
        raise InjectionError(
            f"the annotation may hold a marker, but can't be read ({annotation.reason}): import its names at run time, "
            f'not for type checkers only, or write the marker as the default, = Provide["name"]'
        )
    return None


def is_marker(found: object) -> bool:
    """Return whether something is a marker, of whatever kind and form."""
    return isinstance(found, _KINDS) or any(found is kind for kind in _KINDS)  # by ==, an array would compare its items


def _checked(found: object) -> Marker:
    if not isinstance(found, _PROVIDE):
        raise InjectionError(f'{found!r} isn\'t supported: write Provide["name"]')
    marker = cast(Marker, found)
    if not isinstance(marker.provider, str):
        raise InjectionError(
            f"{marker!r} names a provider of a class of containers, not of this application's container: "
            f'write its path, Provide["name"] or Provide["payment.name"]'
        )
    return marker
