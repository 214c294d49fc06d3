"""An event that has no class of its own."""

from __future__ import annotations

from typing import Any, Self

from eventy.event.base import BaseEvent


class GenericEvent(BaseEvent):
    """Any event whose schema is known: it keeps the name that it was written under."""

    def __init__(self, name: str, data: dict[str, Any]) -> None:
        super().__init__(data)
        self._name = name

    def name(self) -> str:  # type: ignore[override]  # the name is the object's here, not the class's
        """Return the full name of the schema that the event was written with."""
        return self._name

    @classmethod
    def from_data(cls, event_name: str, event_data: dict[str, Any]) -> Self:
        return cls(event_name, event_data)

    def __repr__(self) -> str:
        return f"{type(self).__qualname__}({self._name!r}, {self.data!r})"
