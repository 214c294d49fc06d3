"""What becomes of a message that is given up: a decision, carried out elsewhere."""

from __future__ import annotations

from typing import Literal, get_args

Outcome = Literal["stop", "dead_letter", "skip"]

OUTCOMES: tuple[str, ...] = get_args(Outcome)


def outcome(on_exhausted: Outcome, *, group: str | None, is_replaying: bool) -> Outcome:
    """Return what to do.

    A consumer without a group reads everything again at each start, and one that replays reads again what its group
    has been past: both would write the same letters each time, so they pass over the message instead.
    """
    if on_exhausted == "dead_letter" and (group is None or is_replaying):
        return "skip"
    return on_exhausted
