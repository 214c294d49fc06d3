"""The faults that a test can order, each by its contract."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from dependency_injector import providers

from eventy.consumer.memory import MemoryPort
from eventy.emitter.base import BaseEventEmitter
from eventy.errors import BrokerError, BrokerUnavailableError, HandlerError, UnknownNameError
from eventy.event.base import BaseEvent
from eventy.event.generic import GenericEvent
from eventy.event.registry import Registry, on
from eventy.event.tombstone import Tombstone
from eventy.message.context import Context
from eventy.message.record import ProducerRecord
from eventy.testing.harness import Harness, HarnessError, NotSettledError
from tests.testing.service import WithView, message, service, work

both_ways = pytest.mark.parametrize("concurrency", [1, 4])
both_deliveries = pytest.mark.parametrize("delivery", ["at_least_once", "exactly_once"])


async def forward(event: BaseEvent, context: Context, emitter: BaseEventEmitter) -> None:
    await emitter.send(message("done", of=event.data["n"]), "out")


class NeverStarts:
    async def start(self) -> None:
        raise BrokerError("no seat left")

    async def stop(self) -> None: ...


Leave = Callable[[MemoryPort], Coroutine[Any, Any, None]]


def sent(app: Harness[Any]) -> list[object]:
    return sorted(event.data["of"] for event in app.emitted("out"))


# ---------------------------------------------------------------- fail_next


@both_ways
@pytest.mark.parametrize("handler", [work, "do", GenericEvent])
async def test_failing_handler_is_tried_again_as_configured_and_told_its_attempts(
    concurrency: int, handler: Any
) -> None:
    container = service(then={"do": forward}, consumer_concurrency=concurrency, consumer_retry_interval=100)
    async with Harness(container) as app:
        fault = app.fail_next(handler, ConnectionError("away"), times=2)
        await app.send(message(n=1), "in")
        await app.settled()
        assert container.notes().calls == [("do", 3)]
        assert fault.left == 0
        assert app.clock.monotonic() == pytest.approx(0.1 + 0.2)
        assert sent(app) == [1]


async def test_handlers_that_ran_before_the_failure_have_sent_nothing() -> None:
    container = service(then={"do": forward})
    async with Harness(container) as app:
        app.fail_next("do", ConnectionError("away"), times=2, after=True)
        await app.send(message(n=1), "in")
        await app.settled()
        assert container.notes().attempts("do") == [1, 2, 3]
        assert sent(app) == [1]


async def test_message_given_up_is_among_the_dead_letters() -> None:
    container = service(consumer_on_exhausted="dead_letter", consumer_max_retries=1)
    async with Harness(container) as app:
        app.fail_next("do", ValueError("broken"), times=2)
        await app.send(message(n=1), "in", key="k")
        await app.settled()
        (letter,) = app.dead_letters("in")
        assert letter.event is not None
        assert letter.event.data == {"n": 1}
        assert (letter.error, letter.message, letter.key) == ("builtins.ValueError", "broken", b"k")
        assert (letter.topic, letter.offset, letter.group) == ("in", 0, "g")
        assert "ValueError: broken" in letter.stacktrace


async def test_failing_handler_of_tombstones_is_found_by_the_name() -> None:
    gone: list[str] = []

    async def forget(event: Tombstone) -> None:
        gone.append(event.name())

    container = service(consumer_retry_interval=100)
    container.registry.override(providers.Object(Registry([on("in$", forget, tombstones=True)])))
    async with Harness(container) as app:
        fault = app.fail_next("in", ConnectionError("away"))
        container.broker().append(ProducerRecord("in", b"k", None, ()))
        await app.settled()
        assert (gone, fault.left) == (["in"], 0)
        assert app.clock.monotonic() == pytest.approx(0.1)


async def test_failure_that_nothing_is_registered_for_is_refused_with_near_names() -> None:
    async with Harness(service()) as app:
        with pytest.raises(UnknownNameError, match=r"nothing is registered for 'wrok' \(closest: .*work"):
            app.fail_next("wrok")

        async def elsewhere(event: BaseEvent) -> None: ...

        with pytest.raises(UnknownNameError, match="elsewhere"):
            app.fail_next(elsewhere)


@pytest.mark.parametrize(
    ("error", "times", "told"),
    [
        ("away", 1, "what attempts are to raise is 'away', expected an error or a class of errors"),
        (ConnectionError, 0, "0 attempts are to fail, expected at least 1"),
    ],
)
async def test_failure_that_never_happens_as_it_is_ordered_is_refused(error: Any, times: int, told: str) -> None:
    async with Harness(service()) as app:
        with pytest.raises(HarnessError, match=told):
            app.fail_next(work, error, times)


# ---------------------------------------------------------------- rebalance


@both_ways
@both_deliveries
async def test_rebalances_lose_nothing(concurrency: int, delivery: str) -> None:
    container = service(then={"do": forward}, consumer_concurrency=concurrency, consumer_delivery=delivery)
    async with Harness(container) as app:
        for number in range(60):
            await app.send(message(n=number), "in", key=str(number))
            if number % 20 == 10:
                await app.rebalance()
        await app.settled()
        assert set(sent(app)) == {*range(60)}
        if delivery == "exactly_once":
            assert sent(app) == [*range(60)]


async def test_partitions_move_to_the_second_member_and_back() -> None:
    async with Harness(service(then={"do": forward})) as app:
        (worker,) = [one for one in app.app.components if hasattr(one, "group")]
        for moved in (2, 4, 2):
            await app.rebalance()
            assert len(list(worker.run.dues(app.clock.nap))) == moved
            for partition in range(4):
                await app.send(message(n=partition), "in", key="adef"[partition])
            await app.settled()
        assert sent(app) == sorted([*range(4)] * 3)


async def test_rebalance_waits_for_a_handler_that_runs_and_says_so() -> None:
    async def wait(event: BaseEvent, context: Context, emitter: BaseEventEmitter) -> None:
        await container.notes().going_on.wait()

    container = service(then={"do": wait})
    async with Harness(container, deadline=0.5) as app:
        await app.send(message(n=1), "in")
        with pytest.raises(NotSettledError, match=r"the rebalance isn't over after(?s:.*)going_on\.wait\(\)"):
            await app.rebalance()
        container.notes().going_on.set()
        await app.settled()
        assert container.notes().calls == [("do", 1)]


async def test_message_whose_retry_waited_begins_anew_with_the_other_member() -> None:
    container = service(consumer_retry_interval=60_000)
    async with Harness(container) as app:
        app.fail_next("do", ConnectionError("away"), after=True)
        for key in "adef":
            await app.send(message(n=1), "in", key=key)
        await app.advance(0)
        await app.rebalance()
        await app.settled()
        assert sorted(container.notes().attempts("do")) in ([1, 1, 1, 1, 1], [1, 1, 1, 1, 2])


async def test_member_that_leaves_does_not_wait_for_the_retries_of_its_messages() -> None:
    container = service(consumer_retry_interval=60_000)
    async with Harness(container) as app:
        app.fail_next("do", ConnectionError("away"), times=4, after=True)
        await app.rebalance()
        for key in "adef":
            await app.send(message(n=1), "in", key=key)
        await app.advance(0)
        await app.rebalance()
        assert app.clock.monotonic() == 0
        await app.settled()
        assert app.clock.monotonic() == 60


@both_ways
async def test_handlers_cannot_turn_the_world_that_they_live_in(concurrency: int) -> None:
    said: list[str] = []

    async def meddle(event: BaseEvent, context: Context, emitter: BaseEventEmitter) -> None:
        for step in (app.settled(), app.advance(1), app.rebalance(), app.crash_and_restart()):
            try:
                await step
            except HarnessError as error:
                said.append(str(error))

    async with Harness(service(then={"do": meddle}, consumer_concurrency=concurrency)) as app:
        await app.send(message(n=1), "in")
        await app.settled()
    assert len(said) == 4
    assert said[0].startswith("settled() is called while a message is handled, for which it would wait")


async def cut_off(port: MemoryPort) -> None:
    raise BrokerError("the connection was cut off")


def once(first: Leave, then: Leave) -> Leave:
    """Return what does one thing when it is called first, and another from then on."""
    calls = iter([first])

    async def call(port: MemoryPort) -> None:
        await next(calls, then)(port)

    return call


async def test_member_that_leaves_by_an_error_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Harness(service()) as app:
        await app.rebalance()
        with monkeypatch.context() as patched:
            patched.setattr(MemoryPort, "close", cut_off)
            with pytest.raises(BrokerError, match="the connection was cut off"):
                await app.rebalance()


async def test_member_that_fails_at_the_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BrokerError, match="the connection was cut off"):
        async with Harness(service()) as app:
            await app.rebalance()
            monkeypatch.setattr(MemoryPort, "close", once(cut_off, MemoryPort.close))
    assert set(app.app.readiness().values()) == {"stopped"}  # the application, by contrast, has ended well


async def test_member_that_does_not_leave_in_time_is_told() -> None:
    async def wait(event: BaseEvent, context: Context, emitter: BaseEventEmitter) -> None:
        await container.notes().going_on.wait()

    container = service(then={"do": wait})
    async with Harness(container, deadline=0.3) as app:
        await app.rebalance()
        for key in "adef":
            await app.send(message(n=1), "in", key=key)
        await app.advance(0)
        with pytest.raises(NotSettledError, match=r"a member hasn't stopped within 0\.3 s: .*unfinished: in\["):
            await app.rebalance()
        container.notes().going_on.set()
        await app.settled()


# ---------------------------------------------------------------- crash_and_restart


async def test_start_after_a_crash_that_fails_is_what_every_call_tells_of() -> None:
    container = service()
    async with Harness(container) as app:
        await app.send(message(n=1), "in")
        await app.settled()
        with (
            container.worker.override(providers.Object(NeverStarts())),
            pytest.raises(BrokerError, match="no seat left"),
        ):
            await app.crash_and_restart()
        for step in (app.settled, app.rebalance, app.crash_and_restart, lambda: app.send(message(n=2), "in")):
            with pytest.raises(HarnessError, match=r"crash_and_restart\(\) has failed by BrokerError: no seat left"):
                await step()
        assert len(app.emitted("in")) == 1


@both_ways
async def test_crash_at_least_once_repeats_what_was_not_committed(concurrency: int) -> None:
    async def forward_then_wait(event: BaseEvent, context: Context, emitter: BaseEventEmitter) -> None:
        await forward(event, context, emitter)
        if event.data["n"] == 1:
            await container.notes().going_on.wait()

    container = service(then={"do": forward_then_wait}, consumer_concurrency=concurrency)
    async with Harness(container) as app:
        await app.send(message(n=0), "in", key="k")
        await app.settled()
        await app.send(message(n=1), "in", key="k")
        await app.advance(0)
        assert container.notes().attempts("do") == [1, 1]
        container.notes().going_on.set()
        await app.crash_and_restart()
        await app.settled()
        assert sent(app) == [0, 1]  # the handler was cut off: what it had sent was never written
        assert container.notes().attempts("do") == [1, 1, 1]  # but it has run twice


@both_deliveries
async def test_crash_between_flush_and_commit_repeats_at_least_once_and_not_exactly_once(delivery: str) -> None:
    container = service(then={"do": forward}, consumer_delivery=delivery)
    async with Harness(container) as app:
        await app.send(message(n=1), "in")
        while not app.emitted("out"):  # noqa: ASYNC110 - by turns of the loop, not by time
            await asyncio.sleep(0)  # noqa: TID251 - one turn of the loop: written, and no turn more to commit
        await app.crash_and_restart()
        await app.settled()
        assert sent(app) == ([1] if delivery == "exactly_once" else [1, 1])


async def test_after_a_crash_singletons_are_new_and_overrides_stay() -> None:
    container = service(WithView, {"do": forward})
    async with Harness(container) as app:
        before, emitter, notes = app.app, container.event_emitter(), container.notes()
        await app.send(message(n=1), "in")
        await app.settled()
        assert container.seen() == ["done"]
        await app.crash_and_restart()
        assert (app.app is before, container.event_emitter() is emitter, container.notes() is notes) == (
            False,
            False,
            True,
        )
        await app.settled()
        assert container.seen() == ["done"]  # the view has been read again, into a new list
        assert notes.calls == [("do", 1)]
        assert app.clock.monotonic() == 0


@both_ways
async def test_settled_goes_on_through_a_crash(concurrency: int) -> None:
    async def crash_once(event: BaseEvent, context: Context, emitter: BaseEventEmitter) -> None:
        if len(container.notes().calls) == 1:
            crashed.set()
            await asyncio.Event().wait()
        await forward(event, context, emitter)

    crashed = asyncio.Event()
    container = service(then={"do": crash_once}, consumer_concurrency=concurrency)
    async with Harness(container) as app:
        await app.send(message(n=1), "in")
        settling = asyncio.create_task(app.settled())
        await crashed.wait()
        await app.crash_and_restart()
        await settling
        assert sent(app) == [1]


async def test_what_the_dead_still_send_reaches_nobody() -> None:
    container = service()
    async with Harness(container) as app:
        dead = container.event_emitter()
        await app.crash_and_restart()
        await dead.send(message(n=1), "in")
        await app.settled()
        assert container.notes().calls == []
        await app.send(message(n=2), "in")
        await app.settled()
        assert container.notes().calls == [("do", 1)]


async def test_second_member_crashes_as_well() -> None:
    container = service(then={"do": forward})
    async with Harness(container) as app:
        await app.rebalance()
        await app.crash_and_restart()
        for key in "adef":
            await app.send(message(n=1), "in", key=key)
        await app.settled()
        assert sent(app) == [1] * 4


# ---------------------------------------------------------------- broker_down


@both_ways
@both_deliveries
async def test_sends_wait_while_the_broker_is_down_and_are_written_when_it_is_back(
    concurrency: int, delivery: str
) -> None:
    async def wait_then_forward(event: BaseEvent, context: Context, emitter: BaseEventEmitter) -> None:
        await container.notes().going_on.wait()
        await forward(event, context, emitter)

    container = service(then={"do": wait_then_forward}, consumer_concurrency=concurrency, consumer_delivery=delivery)
    async with Harness(container) as app:
        await app.send(message(n=1), "in")
        await app.advance(0)
        with app.broker_down():
            container.notes().going_on.set()
            await app.advance(60_000)
            assert sent(app) == []
            assert container.notes().attempts("do") == [1]  # it isn't handled again: only its sends are
            assert all("is down" in reason for reason in app.app.readiness().values())
            assert len(app.app.readiness()) == 2
            with pytest.raises(HarnessError, match="the broker is down, so nothing settles"):
                await app.settled()
        assert app.app.readiness() == {}
        await app.settled()
        assert sent(app) == [1]
        assert container.notes().attempts("do") == [1]


@both_deliveries
async def test_nothing_is_committed_while_the_broker_is_down(delivery: str) -> None:
    async def wait(event: BaseEvent, context: Context, emitter: BaseEventEmitter) -> None:
        await container.notes().going_on.wait()

    container = service(then={"do": wait}, consumer_delivery=delivery)
    async with Harness(container) as app:
        (first, *_) = container.broker().partitions("in")
        await app.send(message(n=1), "in", key="a")
        await app.advance(0)
        with app.broker_down():
            container.notes().going_on.set()
            await app.advance(60_000)
            assert container.broker().committed("g", first) == 0
        await app.settled()
        assert container.broker().committed("g", first) == 1
        assert container.notes().calls == [("do", 1)]


async def test_nothing_is_fetched_while_the_broker_is_down() -> None:
    container = service(then={"do": forward})
    async with Harness(container) as app:
        app.fail_next("do", ConnectionError("away"))
        await app.send(message(n=1), "in", key="a")
        with app.broker_down():
            await app.advance(5_000)
            assert container.notes().calls == []
            with pytest.raises(BrokerUnavailableError, match="the broker doesn't answer"):
                await app.send(message(n=2), "in")
            with pytest.raises(HarnessError, match="the broker is down, nothing starts"):
                await app.crash_and_restart()
            with pytest.raises(HarnessError, match="the broker is down, no member joins or leaves"):
                await app.rebalance()
        await app.rebalance()
        await app.settled()
        assert sent(app) == [1]


async def test_dead_letters_wait_for_the_broker_too() -> None:
    async def fail(event: BaseEvent, context: Context, emitter: BaseEventEmitter) -> None:
        await container.notes().going_on.wait()
        raise ValueError("broken")

    container = service(then={"do": fail}, consumer_on_exhausted="dead_letter", consumer_max_retries=0)
    async with Harness(container) as app:
        await app.send(message(n=1), "in")
        await app.advance(0)
        with app.broker_down():
            container.notes().going_on.set()
            await app.advance(10_000)
            assert app.dead_letters("in") == []
        await app.settled()
        assert len(app.dead_letters("in")) == 1


async def test_message_given_up_ends_the_application_of_a_second_member_as_well() -> None:
    with pytest.raises(HandlerError, match="given up after 1 attempt"):
        async with Harness(service(consumer_max_retries=0)) as app:
            await app.rebalance()
            app.fail_next("do", ValueError("broken"), times=4)
            for key in "adef":
                await app.send(message(n=1), "in", key=key)
            await app.settled()
