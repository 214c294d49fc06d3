"""A record without a value, as an event."""

from __future__ import annotations

from typing import Any, Self

from eventy.event.base import BaseEvent
from eventy.message.headers import CE_TYPE, header_text
from eventy.message.record import Record


class Tombstone(BaseEvent):
    """Something is gone: the entity that the record's key names. `context.key` has it, `data` is empty.

    Parameters
        name: what tells whose it is, see `of`.
    """

    def __init__(self, name: str) -> None:
        super().__init__({})
        self._name = name

    @classmethod
    def of(cls, record: Record) -> Self:
        """Return the event of a record whose value is None, by the name in its `ce_type` header, else its topic's."""
        names = [header_text(value) for name, value in record.headers if name == CE_TYPE]
        return cls((names[-1] if names else None) or record.topic)

    def name(self) -> str:  # type: ignore[override]  # the name is the object's here, not the class's
        """Return the name of the event that the entity had, as the record's `ce_type` has it, else the topic's."""
        return self._name

    @classmethod
    def from_data(cls, event_name: str, event_data: dict[str, Any]) -> Self:
        return cls(event_name)

    def __repr__(self) -> str:
        return f"{type(self).__qualname__}({self._name!r})"
