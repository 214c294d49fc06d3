"""DATABASE_URL: which ones can be used, and how they are shown without their password."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from eventy.errors import ConfigurationError

_SQLITE = "sqlite+aiosqlite"
_POSTGRESQL = "postgresql+asyncpg"
_EXPECTED = f"expected {_SQLITE}:///path/to/file.db or {_POSTGRESQL}://user:password@host:port/database"


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """A database URL that can be used. As a string it has neither user nor password nor options.

    Parameters
        parsed: the URL itself.
        shown: what may be shown of it.
    """

    parsed: URL = field(repr=False)
    shown: str

    @classmethod
    def parse(cls, url: str) -> DatabaseUrl:
        """Return the URL. Raises ConfigurationError when it is none, or none of a database that is known here."""
        shown = without_secrets(url)
        try:
            parsed = make_url(url)
        except (ArgumentError, ValueError):
            # Not chained: the original error may quote the password.
            raise ConfigurationError(f"DATABASE_URL is {shown}, which isn't a database URL; {_EXPECTED}") from None
        if parsed.drivername not in (_SQLITE, _POSTGRESQL):
            raise ConfigurationError(
                f"DATABASE_URL is {shown}, whose driver {parsed.drivername!r} isn't known; {_EXPECTED}"
            )
        if parsed.drivername == _SQLITE:
            _check_sqlite(parsed, shown)
        return cls(parsed, shown)

    @property
    def is_postgresql(self) -> bool:
        return self.parsed.drivername == _POSTGRESQL

    def check_folder(self) -> None:
        """Raise ConfigurationError when the folder of an SQLite file isn't there."""
        if self.is_postgresql:
            return
        folder = Path(self.parsed.database or "").parent.absolute()
        if not folder.is_dir():
            raise ConfigurationError(
                f"DATABASE_URL is {self}, but {folder} is no folder; expected the path of a file in a folder that is "
                f"there. Create the folder, or correct the path"
            )

    def __str__(self) -> str:
        return self.shown


def _check_sqlite(url: URL, shown: str) -> None:
    if url.host:
        raise ConfigurationError(f"DATABASE_URL is {shown}, and SQLite has no hosts: write three slashes; {_EXPECTED}")
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        # Its tables would be gone with its connection, which a cancelled query costs.
        raise ConfigurationError(
            f"DATABASE_URL is {shown}, which names no file; {_EXPECTED}. To keep payments in memory, have the "
            f"container provide the repositories of payment.repository.memory"
        )


def without_secrets(url: str) -> str:
    """Return what may be shown of a database URL, well-formed or not: driver, host, port and database, quoted."""
    scheme, colon, rest = url.partition("://")
    if not colon:
        return "***" if "@" in url else repr(url)
    place, _, options = rest.partition("?")
    if "@" in options:  # a password with a question mark in it, or one among the options: no telling where it ends
        return repr(f"{scheme}://***")
    credentials, at, host = place.rpartition("@")
    return repr(f"{scheme}://{'***@' if credentials or at else ''}{host}")
