"""What workers agree on before they begin a slice."""

import asyncio
from typing import Any

import pytest

from eventy.clock import Clock
from eventy.consumer.turns import Turns


async def test_each_of_many_partitions_begins_at_the_same_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    turns, loop, steps = Turns(Clock()), asyncio.get_running_loop(), 0
    call_soon = loop.call_soon

    def counted(*args: Any, **options: Any) -> asyncio.Handle:
        nonlocal steps
        steps += 1
        return call_soon(*args, **options)

    monkeypatch.setattr(loop, "call_soon", counted)
    with turns.flushing():
        await asyncio.gather(*(turns.begin() for _ in range(200)))
    assert steps < 200 * 10


@pytest.mark.parametrize("steps", range(6))
async def test_who_is_cancelled_while_he_rests_or_waits_keeps_nobody_from_beginning(steps: int) -> None:
    clock = Clock()
    turns = Turns(clock)
    with turns.flushing():
        beginning = [asyncio.create_task(turns.begin()) for _ in range(3)]
        for _ in range(steps):
            await clock.sleep(0)
        for task in beginning[:2]:
            task.cancel()
        async with clock.timeout(5):
            await asyncio.wait(beginning)
            await turns.begin()
    assert not beginning[2].cancelled()
