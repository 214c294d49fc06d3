"""Whether a message that failed is tried again, and when: a decision, carried out elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import random as real_random

from eventy.errors import Unretryable


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Tries again after waits that grow.

    Parameters
        max_retries: retries after the first attempt.
        interval: ms before the first retry.
        backoff_coeff: the nth wait is `interval · backoff_coeff^(n-1)`.
        max_interval: ms, the longest wait.
        jitter: share of each wait that is random, 0–1: messages that failed together aren't tried again together.
        random: gives a number in [0, 1).
    """

    max_retries: int
    interval: int
    backoff_coeff: float
    max_interval: int
    jitter: float = 0.0
    random: Callable[[], float] = real_random

    def wait_after(self, attempt: int, error: BaseException) -> float | None:
        """Return the seconds to wait after the nth attempt has failed, or None to give up.

        What no retry cures, bytes that can't be decoded for example, isn't tried again.
        """
        if attempt > self.max_retries or isinstance(error, Unretryable):
            return None
        if not self.interval:
            return 0.0
        try:
            wait = min(self.interval * self.backoff_coeff ** (attempt - 1), self.max_interval)
        except OverflowError:
            wait = self.max_interval
        return wait * (1 - self.jitter * self.random()) / 1000
