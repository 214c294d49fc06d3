"""One variable: its name, its kind, its meaning, and how its value may be shown."""

from __future__ import annotations

import dataclasses
import re
from typing import Any, TypeVar, cast

from eventy.app.settings.kind import Kind, consumer_option

T = TypeVar("T")

_METADATA = "variable"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_PASSWORD_IN_QUERY = re.compile(r"([?&][^=&]*(?:pass|secret|token)[^=&]*=)[^&#]*", re.IGNORECASE)


@dataclasses.dataclass(frozen=True, slots=True)
class Variable:
    """A line of the table.

    Parameters
        only: what this version is limited to; then the default alone is accepted.
        secret: the value is never shown.
    """

    name: str
    default: object
    kind: Kind[object]
    meaning: str
    only: str | None
    secret: bool

    @classmethod
    def of(cls, field: dataclasses.Field[Any]) -> Variable:
        """Return what a field of Settings was declared with."""
        return cast(Variable, field.metadata[_METADATA])

    @property
    def field(self) -> str:
        """The field of Settings, and the option of the container's `config`."""
        return self.name.removeprefix("EVENTY_").lower()

    def read(self, value: object) -> object:
        """Return the value. Raises ValueError with what follows "X is 'y', …"."""
        read = self.kind.read(value)
        if self.only is not None and read != self.default:
            raise ValueError(f"but this version knows only {self.only}")
        return read

    def shown(self, value: object) -> str:
        """Return the value for a message, without secrets."""
        if self.secret and value is not None:
            return "'***'"
        return repr(_masked(value) if isinstance(value, str) else value)

    def mistake(self, value: object, why: object, where: str) -> str:
        """Return the line of a report."""
        return f"{self.name} is {self.shown(value)}, {why}: change it in {where}"


def setting(name: str, default: T, kind: Kind[T], meaning: str, *, only: str | None = None, secret: bool = False) -> T:
    """Declare a field of Settings."""
    variable = Variable(name, default, kind, meaning, only, secret)
    return dataclasses.field(default=default, metadata={_METADATA: variable})


def option(name: str, default: T, kind: Kind[T], meaning: str) -> T:
    """Declare a field of Settings that is one of ConsumerOptions' too."""
    field = name.removeprefix("EVENTY_").removeprefix("CONSUMER_").lower()
    return setting(name, default, consumer_option(field, kind), meaning)


def _masked(text: str) -> str:
    """Hide who logs in, and passwords in the query: whatever stands where they would in a URL."""
    if "@" in text:
        scheme = _SCHEME.match(text)
        text = f"{scheme[0] if scheme else ''}***@{text.rpartition('@')[2]}"
    return _PASSWORD_IN_QUERY.sub(r"\1***", text)
