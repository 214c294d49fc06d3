"""The one error tree.

Every message says what was found, what was expected and what to do. `exit_status` is the status of a process
that such an error ends: 1 failed, 2 usage or settings, 3 the shutdown deadline passed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class EventyError(Exception):
    """Whatever eventy raises by itself."""

    exit_status = 1


# ---------------------------------------------------------------- before anything runs


class ConfigurationError(EventyError):
    """The application can't be built as it is described."""

    exit_status = 2


class SettingsError(ConfigurationError):
    """One or more settings are missing or unusable; `mistakes` has a line for each.

    Parameters
        values: those that could be read, by their fields.
    """

    def __init__(self, mistakes: Sequence[str], values: Mapping[str, object] | None = None) -> None:
        self.mistakes = tuple(mistakes)
        self.values = dict(values or {})
        heading = "1 setting can't be used:" if len(mistakes) == 1 else f"{len(mistakes)} settings can't be used:"
        super().__init__("\n".join([heading, *(f"  {mistake}" for mistake in mistakes)]))


class SchemaError(ConfigurationError):
    """A schema file can't be read, or two of them define one name."""


class RegistryError(ConfigurationError):
    """A class or function is registered for a name that can't be, or that no schema has."""


class InjectionError(ConfigurationError):
    """A parameter of a handler or a route can't be provided; `parts` has an error for each, itself if it is one."""

    def __init__(self, text: str, parts: Sequence[InjectionError] = ()) -> None:
        self.parts = tuple(parts) or (self,)
        super().__init__(text)


class WiringError(InjectionError):
    """Container, handlers and settings don't fit together; `mistakes` has a text for each.

    Parameters
        exit_status: 1 where all of them come from what the process has met, a file that isn't there for example.
    """

    def __init__(self, mistakes: Sequence[str], exit_status: int = ConfigurationError.exit_status) -> None:
        self.mistakes = tuple(mistakes)
        self.exit_status = exit_status
        heading = "1 mistake was found:" if len(mistakes) == 1 else f"{len(mistakes)} mistakes were found:"
        indented = (mistake.replace("\n", "\n    ") for mistake in mistakes)
        super().__init__("\n".join([heading, *(f"  {mistake}" for mistake in indented)]))


class UnknownNameError(EventyError, LookupError):
    """The application has nothing of this name."""


# ---------------------------------------------------------------- messages


class Unretryable(EventyError):  # noqa: N818 - users raise it as what it is: `raise Unretryable("no such currency")`
    """An error that no retry cures. Raise it in a handler, or a subclass: the message is given up at once."""


class SerializationError(EventyError):
    """An event can't be turned into bytes, or bytes into an event."""


class EncodeError(SerializationError, Unretryable):
    """An event doesn't fit its schema, or has none."""


class DecodeError(SerializationError, Unretryable):
    """Bytes that are no message which this serializer knows."""


class SchemaNotLoaded(SerializationError):  # noqa: N818 - a request rather than a failure
    """The schema of a message must be fetched first: `await serializer.load(error.reference)`, then decode again."""

    def __init__(self, reference: object) -> None:
        self.reference = reference
        super().__init__(f"the schema {reference!r} has not been loaded yet: await serializer.load(…) and decode again")


class SendError(EventyError):
    """An event can't be sent in this way or at this moment."""


class RecordTooLargeError(SendError, Unretryable):
    """A record is larger than the broker takes."""


# ---------------------------------------------------------------- the broker


class BrokerError(EventyError):
    """The broker refused something, or its answer never came."""


class BrokerUnavailableError(BrokerError):
    """The broker didn't answer in time."""


class TransactionError(BrokerError):
    """A transaction came to nothing, or its outcome isn't known; a new one tells, and writes it if need be."""


class FencedError(TransactionError):
    """Another producer has taken a transaction's place: a new owner, or the coordinator after the time-out."""


class CommitFailedError(BrokerError):
    """The offsets weren't committed: the partition has moved on to another member of the group."""


# ---------------------------------------------------------------- while it runs


class HandlerError(EventyError):
    """A message couldn't be handled, and the consumer gave up on it; the cause is chained."""


class ShutdownTimeoutError(EventyError):
    """Something was still unfinished when the shutdown deadline passed."""

    exit_status = 3


# ---------------------------------------------------------------- errors that somebody kept to himself


_SWALLOWED = "swallowed by what was entered around the handler, and raised again: the message isn't handled"


def unswallowed(error: BaseException) -> BaseException:
    """Return the error of a handler, to be raised again, although what was entered around it has swallowed it.

    What the handler has done is rolled back then, or half done: its message isn't handled.
    """
    if _SWALLOWED not in getattr(error, "__notes__", ()):  # one object may be raised any number of times
        error.add_note(_SWALLOWED)
    return error
