"""What an event is to its author."""

from __future__ import annotations

from typing import Any, Self


class BaseEvent:
    """Something that happened: a name, which is its schema's full name, and data.

    Parameters
        data: the fields of the schema, by name.
    """

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data

    @classmethod
    def name(cls) -> str:
        """Return the full name of the schema, such as `qotto.payment.event.PaymentCreated`."""
        return f"{cls.__module__}.{cls.__qualname__}"

    @classmethod
    def from_data(cls, event_name: str, event_data: dict[str, Any]) -> Self:
        """Return the event that a consumer hands out. `event_name` is the name of the schema it was written with."""
        return cls(event_data)

    async def handle(self, *args: Any, **kwargs: Any) -> None:
        """React to the event. Name as parameters what is needed: it is injected. By default: nothing to do."""

    def __repr__(self) -> str:
        return f"{type(self).__qualname__}({self.data!r})"
