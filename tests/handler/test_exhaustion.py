"""What becomes of a message that is given up."""

import pytest

from eventy.handler.exhaustion import Outcome, outcome


@pytest.mark.parametrize("is_replaying", [False, True])
@pytest.mark.parametrize("group", ["g", None])
@pytest.mark.parametrize("on_exhausted", ["stop", "skip"])
def test_stop_and_skip_are_what_they_say(on_exhausted: Outcome, group: str | None, is_replaying: bool) -> None:
    assert outcome(on_exhausted, group=group, is_replaying=is_replaying) == on_exhausted


@pytest.mark.parametrize(
    ("group", "is_replaying", "expected"),
    [
        ("g", False, "dead_letter"),
        ("", False, "dead_letter"),
        ("g", True, "skip"),
        (None, False, "skip"),
        (None, True, "skip"),
    ],
)
def test_letter_is_written_where_it_would_not_be_written_again(
    group: str | None, is_replaying: bool, expected: Outcome
) -> None:
    assert outcome("dead_letter", group=group, is_replaying=is_replaying) == expected
