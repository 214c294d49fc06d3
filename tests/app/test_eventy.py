"""The life of an application."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from dependency_injector import containers, providers
from sanic import Blueprint, HTTPResponse, Request

from containers.application import create_container
from eventy.app.eventy import Eventy
from eventy.app.settings import Settings
from eventy.broker.memory import MemoryBroker
from eventy.clock import Clock
from eventy.command.base import BaseCommand
from eventy.consumer.memory import MemoryConsumer
from eventy.emitter.base import BaseEventEmitter
from eventy.emitter.memory import MemoryEmitter
from eventy.errors import ConfigurationError, EventyError, InjectionError, ShutdownTimeoutError, UnknownNameError
from eventy.event.base import BaseEvent
from eventy.event.registry import Registry
from eventy.http.server import SanicServer
from eventy.serializer.avro import AvroEventSerializer
from eventy.testing.harness import Harness
from tests.app.recording import Failing, Recording


class Quick(Clock):
    """Deadlines pass a thousand times as fast."""

    def timeout(self, seconds: float | None) -> Any:
        return super().timeout(None if seconds is None else seconds / 1000)


def app_of(*components: Recording, **names: object) -> Eventy:
    app = Eventy(containers.DynamicContainer(), components)
    for name, value in names.items():
        app.set(name, value)
    return app


async def test_components_start_in_order_and_stop_in_reverse() -> None:
    log: list[str] = []
    async with app_of(Recording("a", log), Recording("b", log)):
        assert log == ["start a", "start b"]
    assert log == ["start a", "start b", "stop b", "stop a"]


async def test_those_before_a_failed_start_are_rolled_back() -> None:
    log: list[str] = []
    with pytest.raises(OSError, match="b can't start"):
        await app_of(Recording("a", log), Recording("b", log, fails="start"), Recording("c", log)).__aenter__()
    assert log == ["start a", "start b", "stop a"]


async def test_failed_stop_keeps_nobody_else_from_stopping() -> None:
    log: list[str] = []
    with pytest.raises(EventyError, match="stopping b failed: OSError: b can't stop"):
        async with app_of(Recording("a", log), Recording("b", log, fails="stop")):
            pass
    assert log[-2:] == ["stop b", "stop a"]


async def test_deadline_ends_a_stop_that_hangs_and_the_others_still_stop() -> None:
    log: list[str] = []
    with pytest.raises(ShutdownTimeoutError, match=r"b wasn't done after 30000 ms \(EVENTY_SHUTDOWN_TIMEOUT\)"):
        async with app_of(Recording("a", log), Recording("b", log, hangs=True), clock=Quick()):
            pass
    assert log[-2:] == ["stop b", "stop a"]


async def test_component_that_fails_later_cancels_the_body_and_its_error_is_raised() -> None:
    log: list[str] = []
    component = Failing("a", log)
    with pytest.raises(ConnectionError, match="a is gone"):
        async with app_of(component):
            component.failing.set()
            await asyncio.Event().wait()
    assert log == ["start a", "stop a"]
    current = asyncio.current_task()
    assert current is not None
    assert current.cancelling() == 0


async def test_task_runs_while_the_components_do_and_its_failure_is_the_applications() -> None:
    async def task() -> None:
        raise ValueError("of the task")

    app = app_of()
    app.add_task(task())
    with pytest.raises(ValueError, match="of the task"):
        async with app:
            await asyncio.Event().wait()


async def test_task_added_later_is_cancelled_at_the_end() -> None:
    ended: list[str] = []

    async def task() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("task")

    async with app_of() as app:
        app.add_task(task())
        await asyncio.sleep(0)  # noqa: TID251 - lets the task begin
    assert ended == ["task"]


async def test_readiness_names_the_components_that_are_not_ready() -> None:
    component = Failing("a", [])
    app = app_of(component)
    assert app.readiness() == {}
    component.failing.set()
    assert app.readiness() == {"a": "failing"}


async def test_unknown_name_is_a_lookup_error_with_near_names() -> None:
    app = app_of(payment_repository=object())
    with pytest.raises(LookupError, match=r"nothing called 'payment_repo' \(closest: 'payment_repository'\)") as caught:
        app.get("payment_repo")
    assert isinstance(caught.value, UnknownNameError)


async def test_handler_that_asks_for_what_is_not_there_keeps_the_application_from_starting() -> None:
    class Asking(BaseEvent):
        async def handle(self, nobody_has_this: object) -> None: ...

    log: list[str] = []
    with pytest.raises(InjectionError, match="nobody_has_this"):
        await app_of(Recording("a", log), registry=Registry([Asking])).__aenter__()
    assert log == []


def test_two_containers_are_two_applications() -> None:
    class Container(containers.DeclarativeContainer):
        __self__ = providers.Self()
        greeting = providers.Object("hello")
        app = providers.Singleton(Eventy, container=__self__)

    one, two = Container(), Container()
    with one.greeting.override(providers.Object("hi")):
        assert (one.app().get("greeting"), two.app().get("greeting")) == ("hi", "hello")


async def test_wiring_mistakes_are_all_named_before_anything_starts() -> None:
    class Asking(BaseEvent):
        async def handle(self, nobody_has_this: object) -> None: ...

    bp = Blueprint("mistaken")

    @bp.get("/")
    async def route(request: Request, nor_this: object) -> HTTPResponse:
        raise NotImplementedError

    log: list[str] = []
    app = Eventy(containers.DynamicContainer(), [Recording("a", log), SanicServer(port=0, blueprints=(bp,))])
    app.set("registry", Registry([Asking]))
    app.set("corr_id", "reserved")
    with pytest.raises(InjectionError) as caught:
        await app.__aenter__()
    for mistake in ("nobody_has_this", "nor_this", "a provider is called 'corr_id'"):
        assert mistake in str(caught.value)
    assert log == []


async def test_task_that_ignores_its_cancellation_does_not_outlast_the_deadline() -> None:
    async def stubborn() -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if released.is_set():
                    raise

    released = asyncio.Event()
    log: list[str] = []
    app = app_of(Recording("a", log), clock=Quick())
    app.add_task(stubborn(), "stubborn")
    with pytest.raises(ShutdownTimeoutError, match="tasks wasn't done"):
        async with app:
            await asyncio.sleep(0)  # noqa: TID251 - lets the task begin
    assert log == ["start a", "stop a"]
    released.set()
    for task in asyncio.all_tasks():
        if task.get_name() == "stubborn":
            task.cancel()
            await asyncio.wait({task})


async def test_error_of_a_task_while_it_is_ended_is_the_applications() -> None:
    async def task() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("while ending")

    app = app_of()
    app.add_task(task())
    with pytest.raises(ValueError, match="while ending"):
        async with app:
            await asyncio.sleep(0)  # noqa: TID251 - lets the task begin


async def test_time_out_of_a_components_own_is_not_taken_for_the_deadline() -> None:
    class Timing(Recording):
        async def stop(self) -> None:
            raise TimeoutError("of its own")

    with pytest.raises(EventyError, match="stopping a failed: TimeoutError: of its own") as caught:
        async with app_of(Timing("a", [])):
            pass
    assert not isinstance(caught.value, ShutdownTimeoutError)


async def test_error_of_the_body_is_shown_though_a_component_fails_as_well() -> None:
    with pytest.raises(AssertionError, match="of the body"):
        async with app_of(Recording("a", [], fails="stop")):
            raise AssertionError("of the body")


async def test_component_without_start_and_stop_is_refused() -> None:
    nothing: Any = object()
    with pytest.raises(ConfigurationError, match="is among the components, which have"):
        Eventy(containers.DynamicContainer(), [nothing])


class Unready(Recording):
    def start(self) -> None:  # type: ignore[override]  # the mistake
        """Nothing to open."""


class Unending(Recording):
    def stop(self) -> None:  # type: ignore[override]  # the mistake
        """Nothing to close."""


@pytest.mark.parametrize(("kind", "step"), [(Unready, "start"), (Unending, "stop")])
async def test_component_that_cannot_be_awaited_is_refused_before_it_starts(kind: type[Recording], step: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        app_of(kind("a", []))
    assert str(raised.value).endswith(
        f"({kind.__name__}) is among the components, which have `async def {step}(self)`, but its {step} is not async: "
        "write it so"
    )


async def test_task_must_be_a_coroutine() -> None:
    function: Any = Recording("a", []).start
    with pytest.raises(ConfigurationError, match="expected a coroutine: call the function"):
        app_of().add_task(function)


async def test_task_that_a_handler_adds_may_send_when_the_handler_has_returned(tmp_path: Path) -> None:
    class Asking(BaseCommand):
        @classmethod
        def name(cls) -> str:
            return "qotto.payment.command.ConfirmPayment"

        async def execute(self, app: Eventy, event_emitter: BaseEventEmitter) -> None:
            app.add_task(later(event_emitter))

    async def later(emitter: BaseEventEmitter) -> None:
        await returned.wait()
        await emitter.send(Asking({"id": "again"}), "elsewhere")
        sent.set()

    returned, sent = asyncio.Event(), asyncio.Event()
    container: Any = create_container(Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/payments.db"))
    with container.registry.override(providers.Object(Registry([Asking]))):
        async with Harness(container) as app:
            await app.send(Asking({"id": "p1"}), "payment-commands")
            await app.settled()
            returned.set()
            await sent.wait()
            assert [event.data["id"] for event in app.emitted("elsewhere")] == ["again"]


async def test_application_is_entered_once_at_a_time() -> None:
    app = app_of(Recording("a", []))
    async with app:
        with pytest.raises(EventyError, match="runs already"):
            await app.__aenter__()
    async with app:
        pass


async def test_application_whose_start_failed_can_be_started_again() -> None:
    log: list[str] = []
    component = Recording("a", log, fails="start")
    app = app_of(component)
    app.add_task(asyncio.Event().wait())  # type: ignore[arg-type]  # any coroutine does
    with pytest.raises(OSError, match="a can't start"):
        await app.__aenter__()
    component.recover()
    async with app:
        assert log[-1] == "start a"


async def test_server_that_was_started_before_is_refused_with_the_way_out() -> None:
    app = Eventy(containers.DynamicContainer(), [SanicServer(port=0)])
    async with app:
        pass
    with pytest.raises(ConfigurationError, match=r"build a new one, by container.reset_singletons\(\)"):
        await app.__aenter__()


async def test_emitter_without_transactions_ends_the_start_of_a_consumer_that_delivers_exactly_once(
    tmp_path: Path,
) -> None:
    clock = Clock()
    serializer = AvroEventSerializer(registry=Registry(()), schemas_folder=tmp_path)
    consumer = MemoryConsumer(
        broker=MemoryBroker(clock=clock),
        serializer=serializer,
        clock=clock,
        event_topics=["payment-commands"],
        event_group="payments",
        position="committed",
        delivery="exactly_once",
    )
    foreign = MemoryEmitter(broker=MemoryBroker(clock=clock), serializer=serializer, clock=clock)
    app = Eventy(containers.DynamicContainer(), [foreign, consumer])
    with pytest.raises(ConfigurationError, match="delivers exactly once, but MemoryEmitter"):
        await app.__aenter__()
    assert consumer.readiness() == "not started"
