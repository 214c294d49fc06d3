"""What users mark a parameter with: `Annotated[Repository, Provide["name"]]` or `= Provide["name"]`."""

from __future__ import annotations

from inspect import Parameter
from typing import Protocol, cast

from dependency_injector.wiring import Closing, Modifier, Provide, Provider

from eventy.errors import InjectionError
from eventy.injection.annotations import Unreadable, metadata


class Marker(Protocol):
    """A `Provide[…]`.

    Parameters
        provider: the path of a provider, `payment.repository` for example.
        modifier: what is done to the provider, `Provide["config.limit", as_int()]`; usually None.
    """

    provider: str
    modifier: Modifier | None


# Classes, though the library declares them as objects to type checkers.
_PROVIDE, _OTHERS = cast(type, Provide), (cast(type, Provider), cast(type, Closing))


def marker_of(parameter: Parameter) -> Marker | None:
    """Return the marker of a parameter, if it has one.

    Raises InjectionError for a marker of another kind or form, and where an annotation that can't be read may hide one.
    """
    annotation = parameter.annotation
    for found in (*metadata(annotation), parameter.default):
        if isinstance(found, _PROVIDE):
            return _checked(cast(Marker, found))
        if isinstance(found, _OTHERS) or found is Provide or found in _OTHERS:
            raise InjectionError(f'{found!r} isn\'t supported: write Provide["name"]')
    if isinstance(annotation, Unreadable) and any(word in annotation.text for word in ("Annotated", "Provide")):
        raise InjectionError(
            f"the annotation may hold a marker, but can't be read ({annotation.reason}): import its names at run time, "
            f'not for type checkers only, or write the marker as the default, = Provide["name"]'
        )
    return None


def _checked(marker: Marker) -> Marker:
    if not isinstance(marker.provider, str):
        raise InjectionError(
            f"{marker!r} names a provider of a class of containers, not of this application's container: "
            f'write its path, Provide["name"] or Provide["payment.name"]'
        )
    return marker
