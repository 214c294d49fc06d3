"""Whether a message that failed is tried again, and when: a decision, carried out elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from eventy.errors import Unretryable


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Tries again after waits that grow.

    Parameters
        max_retries: retries after the first attempt.
        interval: ms before the first retry.
        backoff_coeff: the nth wait is `interval · backoff_coeff^(n-1)`.
        max_interval: ms, the longest wait.
    """

    max_retries: int
    interval: int
    backoff_coeff: float
    max_interval: int

    def wait_after(self, attempt: int, error: BaseException) -> float | None:
        """Return the seconds to wait after the nth attempt has failed, or None to give up.

        What no retry cures, bytes that can't be decoded for example, isn't tried again.
        """
        if attempt > self.max_retries or isinstance(error, Unretryable):
            return None
        if not self.interval:
            return 0.0
        try:
            wait = self.interval * self.backoff_coeff ** (attempt - 1)
        except OverflowError:
            wait = self.max_interval
        return min(wait, self.max_interval) / 1000
