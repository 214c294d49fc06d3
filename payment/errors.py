"""What can be wrong with a request, and with the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eventy.errors import EventyError


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong with a request.

    Parameters
        field: where; `body` for the body as a whole.
        message: what was found and what is expected.
    """

    field: str
    message: str


class InvalidRequestError(Exception):
    """A request that can't be used; `mistakes` has all that is wrong with it."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("; ".join(f"{mistake.field} {mistake.message}" for mistake in mistakes))


class DatabaseUnavailableError(EventyError):
    """The database of DATABASE_URL can't be used at start."""
