"""Collects what is wrong, so that a start that fails names every mistake at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from eventy.errors import InjectionError


class Mistakes:
    """The `InjectionError`s of several steps, each a line or more."""

    def __init__(self) -> None:
        self._errors: list[InjectionError] = []

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Keep an `InjectionError` of the body and go on after it."""
        try:
            yield
        except InjectionError as error:
            self.add(error.parts)

    def add(self, errors: Iterable[InjectionError]) -> None:
        """Keep errors that were found before."""
        self._errors += errors

    @property
    def errors(self) -> tuple[InjectionError, ...]:
        """What was collected."""
        return tuple(self._errors)

    def raise_any(self) -> None:
        """Raise one InjectionError for all of them, if there are any."""
        if self._errors:
            raise InjectionError("\n".join(map(str, self._errors)), self._errors)


def attempt_all(*steps: Callable[[], Any]) -> list[Any]:
    """Take all steps and return what they return. Raises one InjectionError for those that raise one."""
    mistakes = Mistakes()
    results = []
    for step in steps:
        with mistakes.collected():
            results.append(step())
    mistakes.raise_any()
    return results
