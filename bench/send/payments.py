"""What is sent, and how much of it at once: the same for all who send."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from bench.fill import PAYMENTS, payment

# Requests that are under way together, each waiting for its acknowledgement.
AT_ONCE = 500
# Events of one bulk.
IN_BULK = 5_000


def payments(count: int) -> list[dict[str, Any]]:
    known = [payment(number) for number in range(min(count, PAYMENTS))]
    return [known[number % len(known)] for number in range(count)]


def slices(whole: Sequence[dict[str, Any]], size: int) -> Iterator[Sequence[dict[str, Any]]]:
    for start in range(0, len(whole), size):
        yield whole[start : start + size]
