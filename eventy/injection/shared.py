"""One message's objects where several ways may lead to one provider, which only the call itself can tell."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

from dependency_injector import providers

from eventy.injection.dependencies import Provider
from eventy.injection.entering import enter, may_be_entered
from eventy.injection.late import refuse_override
from eventy.injection.products import origin_of, whole_of


class Shared:
    """What the providers of one message's parameters have made: each one object, whichever way it is asked for."""

    def __init__(self) -> None:
        self._made: dict[Provider, Any] = {}

    def get(self, provider: Provider, *, takes_class: bool = False) -> Any:
        """Return what a provider hands out, made now if nobody has asked for it; nothing is entered.

        Parameters
            takes_class: whether a class may come instead of an instance.
        """
        origin = origin_of(provider)
        if origin not in self._made:
            whole = whole_of(origin)
            made = origin() if whole is None else part_of(origin, self.get(whole))
            if origin is not provider or origin.last_overriding is not None:
                refuse_override(provider, made, takes_class=takes_class, entered=False)
            self._made[origin] = made
        return self._made[origin]

    async def enter(self, stack: AsyncExitStack, provider: Provider, *, takes_class: bool = False) -> Any:
        """Return what a provider hands out, as `get` does; what is an async context manager is entered.

        Parameters
            stack: leaves what is entered.
            takes_class: as for `get`.
        """
        origin = origin_of(provider)
        if origin not in self._made:
            whole = whole_of(origin)
            made = origin() if whole is None else part_of(origin, await self.enter(stack, whole))
            if origin is not provider or origin.last_overriding is not None:
                refuse_override(provider, made, takes_class=takes_class, entered=True)
            self._made[origin] = await enter(stack, made) if may_be_entered(origin) else made
        return self._made[origin]


def part_of(getter: Any, whole: Any) -> Any:
    """Return the attribute or the item that a provider takes of another one's product."""
    if isinstance(getter, providers.AttributeGetter):
        return getattr(whole, str(getter.name))
    return whole[getter.name] if isinstance(getter, providers.ItemGetter) else whole
