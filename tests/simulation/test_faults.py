"""Faults mean what they are called: what a crash, a freeze, a lost request and a lost acknowledgement do, and don't."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from random import Random

import pytest

from eventy.clock import Clock
from eventy.emitter.base import BaseEventEmitter
from eventy.errors import BrokerUnavailableError
from eventy.event.generic import GenericEvent
from eventy.message.record import TopicPartition
from eventy.testing.simulation import Faults, Simulation, SimulationFailedError, simulate
from eventy.testing.simulation.emitter import SimulatedEmitter
from eventy.testing.simulation.loop import SimulatedLoop
from eventy.testing.simulation.network import Network
from eventy.testing.simulation.trace import Trace
from tests.simulation.relay import Handler, numbered, relay_of

NONE = Faults.none()
PARTITION = TopicPartition("in", 0)
wait = Clock().sleep


class Caller:
    """Sends requests, and is never gone."""

    is_alive = True

    def crash(self) -> None:
        raise AssertionError("no crash was asked for")


def network(loop: SimulatedLoop, faults: Faults) -> Network:
    return Network(loop, Random(1), faults, Trace(loop))


@pytest.mark.parametrize(("fault", "written"), [("lost_requests", []), ("lost_acknowledgements", [1])])
def test_lost_request_is_not_carried_out_and_a_lost_acknowledgement_comes_after_it_is(
    fault: str, written: list[int]
) -> None:
    loop, found = SimulatedLoop(Random(0)), list[int]()

    async def work() -> None:
        with pytest.raises(BrokerUnavailableError, match="writes: no answer"):
            await network(loop, replace(NONE, **{fault: 1.0})).request(Caller(), "a", "writes", lambda: found.append(1))

    loop.run_until_complete(work())
    loop.close()
    assert found == written


def test_requests_of_one_lane_arrive_in_order_and_those_of_others_do_not() -> None:
    loop, alone, together = SimulatedLoop(Random(0)), list[int](), list[int]()

    async def work() -> None:
        way = network(loop, NONE)
        sends = [way.request(Caller(), f"lane {n}", "writes", partial(alone.append, n)) for n in range(20)]
        caller = Caller()
        order: list[int] = []

        async def send(n: int) -> None:
            order.append(n)
            await way.request(caller, "lane", "writes", lambda: together.append(n))

        await asyncio.gather(*sends, *map(send, range(20)))
        assert together == order

    loop.run_until_complete(work())
    loop.close()
    assert alone != sorted(alone)


def test_request_arrives_though_its_sender_was_cancelled() -> None:
    loop, found = SimulatedLoop(Random(0)), list[int]()

    async def work() -> None:
        sending = asyncio.create_task(network(loop, NONE).request(Caller(), "a", "writes", lambda: found.append(1)))
        await wait(0.0005)  # it is under way by then, and takes a millisecond at least
        sending.cancel()
        await asyncio.wait({sending})
        await wait(1)

    loop.run_until_complete(work())
    loop.close()
    assert found == [1]


def played(handler: Handler, then: Callable[[Simulation], None], processes: int = 1) -> Simulation:
    """Have one message handled by processes, one of which something is done to meanwhile; nothing else goes wrong."""
    played: list[Simulation] = []

    async def scenario(simulation: Simulation) -> None:
        await simulation.start(relay_of(handler, memory_partitions=1), processes=processes)
        await simulation.send(numbered(0), "in", key="k")
        await wait(1)
        then(simulation)
        await simulation.settled()
        played.append(simulation)

    simulate(scenario, [1], NONE)
    return played[0]


def test_nothing_of_a_crashed_process_runs_on_and_another_one_begins_again() -> None:
    notes: list[str] = []

    async def linger(event: GenericEvent, event_emitter: BaseEventEmitter) -> None:
        notes.append("begins")
        if notes.count("begins") % 2:
            try:
                await wait(5)
            finally:
                notes.append("finally")
                await event_emitter.send(event, "out")
        await event_emitter.send(event, "out")

    seen: list[list[str]] = []

    def crash(simulation: Simulation) -> None:
        notes[:] = ["begins"]
        simulation._processes[0].crash()

    def look(simulation: Simulation) -> None:
        seen.append(list(notes))
        assert len(simulation.emitted("out")) == 1

    async def scenario(simulation: Simulation) -> None:
        await simulation.start(relay_of(linger, memory_partitions=1))
        await simulation.send(numbered(0), "in", key="k")
        await wait(1)
        crash(simulation)
        await wait(60)
        await simulation.settled()
        look(simulation)

    simulate(scenario, [1], NONE)
    assert seen == [["begins", "begins"]] * 2  # the seed is played twice


def test_frozen_process_does_nothing_and_its_late_commit_is_refused() -> None:
    handled: list[float] = []

    async def note(event: GenericEvent, clock: Clock) -> None:
        await clock.sleep(5)
        handled.append(clock.monotonic())

    def freeze(simulation: Simulation) -> None:
        handled.clear()
        first = next(one for one in simulation._processes if any(port.owns(PARTITION) for port in one.ports))
        first.freeze()
        loop = simulation._world.loop
        loop.call_later(2, first.expel)
        loop.call_later(20, first.thaw)

    simulation = played(note, freeze, processes=2)
    lines = simulation._world.trace.lines
    by_the_new_owner, by_the_frozen = handled
    assert by_the_new_owner < 20 < by_the_frozen
    assert [line for line in lines if "commits 1 of in[0]: refused" in line]


async def ignore(event: GenericEvent) -> None: ...


def test_rebalance_deals_the_partitions_out_anew() -> None:
    async def scenario(simulation: Simulation) -> None:
        await simulation.start(relay_of(ignore), processes=2)
        process = simulation._processes[0]
        (group,) = {port.group for port in process.ports if port.group is not None}
        before = group.generation
        simulation._weather._rebalance(process)
        await wait(5)
        assert group.generation > before

    simulate(scenario, [1], NONE)


def test_process_that_is_told_to_stop_ends_in_good_order_and_another_one_begins() -> None:
    async def scenario(simulation: Simulation) -> None:
        await simulation.start(relay_of(ignore))
        (first,) = simulation._processes
        simulation._weather._stop(first)
        await wait(60)
        (second,) = simulation._processes
        assert (first.state, second.state, second.number) == ("stopped", "runs", 2)

    simulate(scenario, [1], NONE)


def test_duplicate_is_the_same_event_twice() -> None:
    counts: list[int] = []

    async def scenario(simulation: Simulation) -> None:
        await simulation.start(relay_of(ignore))
        await simulation.send(numbered(0), "in", key="k")
        records = simulation.broker.records("in")
        assert len({dict(record.headers)["ce_id"] for record in records}) == 1
        counts.append(len(records))

    simulate(scenario, range(20), replace(NONE, duplicates=0.5))
    assert set(counts) == {1, 2}


def test_message_that_is_given_up_ends_the_simulation_by_its_error() -> None:
    async def fail(event: GenericEvent) -> None:
        raise OSError("never")

    with pytest.raises(SimulationFailedError, match=r"HandlerError: in\[0\] offset 0: given up after 11 attempts"):
        played(fail, lambda simulation: None)


def test_service_that_cannot_start_ends_the_simulation_by_its_error() -> None:
    async def misspelt(event: GenericEvent, event_emiter: BaseEventEmitter) -> None: ...

    with pytest.raises(SimulationFailedError, match=r"(?s)WiringError: .*no provider 'event_emiter'"):
        played(misspelt, lambda simulation: None)


def test_service_that_cannot_stop_ends_the_simulation_by_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(self: SimulatedEmitter) -> None:
        raise OSError("not now")

    monkeypatch.setattr(SimulatedEmitter, "stop", refuse)
    with pytest.raises(SimulationFailedError, match="OSError: not now"):
        played(ignore, lambda simulation: None)
