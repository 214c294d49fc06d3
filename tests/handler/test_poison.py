"""Undecodable messages in a row."""

import random

from eventy.handler.poison import PoisonRow


def test_one_more_than_may_follow_each_other_is_too_many() -> None:
    row = PoisonRow(3, apart=1)
    assert [row.add(number) for number in (1, 2, 3, 4)] == [False, False, False, True]


def test_message_between_that_is_not_undecodable_begins_a_new_row() -> None:
    row = PoisonRow(2, apart=1)
    assert not any(row.add(number) for number in (1, 2, 4, 5, 7, 8, 10))


def test_order_in_which_it_turns_out_is_of_no_account() -> None:
    for seed in range(20):
        row, numbers = PoisonRow(9, apart=10), list(range(10))
        random.Random(seed).shuffle(numbers)
        assert [row.add(number) for number in numbers] == [False] * 9 + [True]


def test_what_is_remembered_is_bounded() -> None:
    row = PoisonRow(5, apart=10)
    assert not any(row.add(number) for number in range(0, 10_000, 2))
    assert len(row._numbers) <= 30
    assert [row.add(number) for number in range(10_001, 10_007)] == [False] * 5 + [True]
