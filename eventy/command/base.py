"""What a command is to its author."""

from __future__ import annotations

from typing import Any

from eventy.event.base import BaseEvent


class BaseCommand(BaseEvent):
    """Something that is asked for: handled by the service that owns it, at least once."""

    async def execute(self, *args: Any, **kwargs: Any) -> None:
        """Do what is asked. Name as parameters what is needed: it is injected."""
        raise NotImplementedError(f"{type(self).__qualname__} has no execute(): define it, or register another class")
