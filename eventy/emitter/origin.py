"""What an event has from the work that it is sent in: its correlation, its cause, its trace."""

from __future__ import annotations

from typing import NamedTuple

from eventy.message.context import Context
from eventy.message.headers import CE_CAUSATION_ID, CE_CORRELATION_ID, LONGEST, TRACEPARENT
from eventy.message.record import Header, identity_of

_NAME = len(CE_CORRELATION_ID)
_NAMES = _NAME + len(CE_CAUSATION_ID)


class Origin(NamedTuple):
    """Where events come from; those of one message share it.

    Parameters
        headers: that say so.
        size: bytes of their names and values.
        cause: the id of the message, if one has led to them.
    """

    corr_id: str
    headers: tuple[Header, ...]
    size: int
    cause: bytes = b""


def origin_in(context: Context) -> Origin:
    """Return the origin of what is sent while a message is handled."""
    cause, correlation, _, trace = identity_of(context.record)
    if cause and correlation and (cause + correlation).isascii() and len(cause) <= LONGEST >= len(correlation):
        corr_id = correlation.decode()
    else:
        message_id, corr_id, *_ = context.ids
        correlation, cause = corr_id.encode(), message_id.encode()
    headers: tuple[Header, ...] = ((CE_CORRELATION_ID, correlation), (CE_CAUSATION_ID, cause))
    size = _NAMES + len(correlation) + len(cause)
    if trace:
        headers, size = (*headers, (TRACEPARENT, trace)), size + len(TRACEPARENT) + len(trace)
    # As `Origin(…)` does, which is a call of Python's.
    return tuple.__new__(Origin, (corr_id, headers, size, cause))


def origin_outside(corr_id: str) -> Origin:
    """Return the origin of what no message has led to."""
    value = corr_id.encode()
    return tuple.__new__(Origin, (corr_id, ((CE_CORRELATION_ID, value),), _NAME + len(value), b""))
