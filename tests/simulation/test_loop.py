"""The loop of a simulation: virtual time, an order by chance, and nothing that can't be repeated."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from random import Random

import aiosqlite
import pytest

from eventy.clock import Clock
from eventy.testing.simulation import SimulationError
from eventy.testing.simulation.loop import SimulatedLoop

wait = Clock().sleep


def run(work: Callable[[], Awaitable[object]], seed: int = 0) -> object:
    loop = SimulatedLoop(Random(seed))
    try:
        return loop.run_until_complete(work())
    finally:
        loop.unwind(10)


async def race() -> object:
    """Return in which order six tasks have come in, each after some turns."""
    arrived: list[int] = []

    async def walk(number: int) -> None:
        for _ in range(3):
            await wait(0)
        arrived.append(number)

    await asyncio.gather(*(walk(number) for number in range(6)))
    return arrived


async def race_in_a_set() -> object:
    """Return the order in which a set gives the tasks that are done."""

    async def walk(number: int) -> int:
        await wait(0)
        return number

    done, _ = await asyncio.wait({asyncio.create_task(walk(number)) for number in range(20)})
    return [task.result() for task in done]


def test_time_passes_at_once() -> None:
    async def work() -> float:
        await wait(86_400)
        async with Clock().timeout(10):
            await wait(9)
        return asyncio.get_running_loop().time()

    assert run(work) == 86_409


def test_timers_fire_in_order() -> None:
    async def work() -> list[float]:
        fired: list[float] = []

        async def fire(seconds: float) -> None:
            await wait(seconds)
            fired.append(seconds)

        await asyncio.gather(*map(fire, (3, 1, 2)))
        return fired

    assert run(work) == [1, 2, 3]


def test_seed_decides_the_order_of_tasks() -> None:
    orders = [run(race, seed) for seed in range(20)]
    assert [run(race, seed) for seed in range(20)] == orders
    assert len({str(order) for order in orders}) > 15


def test_sets_of_tasks_have_one_order() -> None:
    kept = []
    orders = set()
    for size in range(20):
        kept.append([object() for _ in range(size)])  # addresses are others each time
        orders.add(str(run(race_in_a_set)))
    assert len(orders) == 1


def test_a_body_that_waits_for_nothing_is_told_so() -> None:
    async def work() -> None:
        await asyncio.Event().wait()

    with pytest.raises(SimulationError, match="everything waits, and there is nothing left to wait for"):
        run(work)


def test_a_body_that_goes_round_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        while True:
            await wait(0)

    monkeypatch.setattr("eventy.testing.simulation.loop._MOST", 1_000)
    with pytest.raises(SimulationError, match="1,000 steps and no end"):
        run(work)


async def in_a_thread() -> object:
    return await asyncio.to_thread(lambda: None)


async def in_a_thread_of_the_driver() -> object:
    async with aiosqlite.connect(":memory:") as database:
        return await database.execute("SELECT 1")


async def by_a_socket() -> object:
    return await asyncio.open_connection("127.0.0.1", 1)


async def as_a_server() -> object:
    return await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)


async def in_a_process() -> object:
    return await asyncio.create_subprocess_exec("true")


async def from_a_thread() -> object:
    loop = asyncio.get_running_loop()
    thread = threading.Thread(target=lambda: loop.call_soon_threadsafe(lambda: None))
    thread.start()
    thread.join()
    await wait(1)
    return None


@pytest.mark.parametrize(
    ("work", "what"),
    [
        (in_a_thread, "threads"),
        (in_a_thread_of_the_driver, "threads"),
        (from_a_thread, "threads"),
        (by_a_socket, "sockets"),
        (as_a_server, "sockets"),
        (in_a_process, "processes"),
    ],
)
def test_what_no_seed_can_repeat_is_refused(work: Callable[[], Awaitable[object]], what: str) -> None:
    with pytest.raises(SimulationError, match=f"a simulation has no {what}"):
        run(work)


def test_error_of_a_callback_is_raised() -> None:
    async def work() -> None:
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        await wait(1)

    with pytest.raises(ZeroDivisionError):
        run(work)
