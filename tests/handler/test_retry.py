"""When a failed message is tried again."""

import pytest

from eventy.errors import DecodeError, Unretryable
from eventy.handler.retry import RetryPolicy

ANY = ValueError("any")


def test_waits_grow_by_the_coefficient_up_to_the_longest() -> None:
    policy = RetryPolicy(max_retries=6, interval=100, backoff_coeff=2, max_interval=1_000)
    assert [policy.wait_after(attempt, ANY) for attempt in range(1, 7)] == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]


def test_gives_up_when_the_retries_are_used() -> None:
    policy = RetryPolicy(max_retries=2, interval=0, backoff_coeff=1, max_interval=0)
    assert [policy.wait_after(attempt, ANY) for attempt in range(1, 4)] == [0, 0, None]


def test_no_retries_means_one_attempt() -> None:
    assert RetryPolicy(max_retries=0, interval=0, backoff_coeff=1, max_interval=0).wait_after(1, ANY) is None


def test_what_cannot_be_decoded_is_not_tried_again() -> None:
    policy = RetryPolicy(max_retries=10, interval=1, backoff_coeff=1, max_interval=1)
    assert policy.wait_after(1, DecodeError("garbage")) is None


@pytest.mark.parametrize("coeff", [2, 2.0, 1e300, float("inf")])
def test_wait_never_overflows(coeff: float) -> None:
    policy = RetryPolicy(max_retries=10**9, interval=1_000, backoff_coeff=coeff, max_interval=60_000)
    assert policy.wait_after(5_000, ANY) == 60


def test_immediate_retries_stay_immediate() -> None:
    policy = RetryPolicy(max_retries=10**9, interval=0, backoff_coeff=2.0, max_interval=60_000)
    assert policy.wait_after(3, ANY) == policy.wait_after(5_000, ANY) == 0


@pytest.mark.parametrize(("share", "drawn", "wait"), [(0, 0.9, 10), (0.5, 0, 10), (0.5, 0.5, 7.5), (1, 0.5, 5)])
def test_share_of_the_wait_is_random_and_never_makes_it_longer(share: float, drawn: float, wait: float) -> None:
    policy = RetryPolicy(1, interval=10_000, backoff_coeff=2, max_interval=60_000, jitter=share, random=lambda: drawn)
    assert policy.wait_after(1, ANY) == wait


def test_error_of_the_users_own_that_no_retry_cures_is_given_up_at_once() -> None:
    class NoSuchCurrency(Unretryable):
        pass

    assert RetryPolicy(10, interval=1, backoff_coeff=1, max_interval=1).wait_after(1, NoSuchCurrency()) is None
