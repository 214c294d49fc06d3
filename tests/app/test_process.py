"""An imperative application as a process: its loop, its tasks, its signals and its status."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SIGNAL = """
import asyncio, os, signal, sys
from eventy.app.eventy import Eventy
app = Eventy()
async def later():
    await asyncio.sleep(0.05)
    os.kill(os.getpid(), signal.{name})
"""
STUBBORN = """
async def stubborn():
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            pass
"""


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-X", "dev", "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_signal_ends_the_process_in_good_order(name: str) -> None:
    ended = run(SIGNAL.format(name=name) + "asyncio.ensure_future(later())\napp.start()\nprint('after')")
    assert (ended.returncode, ended.stdout) == (0, "after\n"), ended.stderr
    assert "Traceback" not in ended.stderr


def test_tasks_made_before_the_start_run_and_are_cancelled_at_its_end() -> None:
    program = """
async def mine():
    print("runs", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        print("ends", flush=True)
asyncio.ensure_future(mine())
asyncio.ensure_future(later())
app.start()
"""
    ended = run(SIGNAL.format(name="SIGTERM") + program)
    assert (ended.returncode, ended.stdout) == (0, "runs\nends\n"), ended.stderr


def test_failure_of_a_task_made_before_is_logged_and_the_application_goes_on() -> None:
    program = """
async def broken():
    raise ValueError("of mine")
asyncio.ensure_future(broken())
asyncio.ensure_future(later())
app.start()
"""
    ended = run(SIGNAL.format(name="SIGTERM") + program)
    assert ended.returncode == 0, ended.stderr
    assert "ValueError: of mine" in ended.stderr


def test_failure_of_an_added_task_ends_the_process_with_1() -> None:
    program = """
async def broken():
    raise ValueError("of mine")
app.add_task(broken())
app.start()
"""
    ended = run(SIGNAL.format(name="SIGTERM") + program)
    assert ended.returncode == 1, ended.stderr
    assert "ValueError: of mine" in ended.stderr


# A bug of eventy's own, wherever the consumer has tasks: one is taken out of a partition, fetched, committed.
@pytest.mark.parametrize(
    "broken",
    [
        "eventy.consumer.serial.Serial._slice",
        "eventy.consumer.assignment.Assignment.offer",
        "eventy.consumer.memory.MemoryPort.fetch",
        "eventy.consumer.memory.MemoryPort.commit",
    ],
)
def test_bug_in_a_consumer_ends_the_process_with_its_traceback(broken: str) -> None:
    program = f"""
import importlib
from eventy.app.settings import Settings
from eventy.event.base import BaseEvent

def bug(*_):
    raise ZeroDivisionError("a bug of eventy's own")

module, cls, name = {broken!r}.rsplit(".", 2)
setattr(getattr(importlib.import_module(module), cls), name, bug)
settings = Settings(avro_schemas_folder="avro_schemas")
serializer = app.configure_event_serializer(settings, "serializer")
app.configure_consumer(settings, serializer, "consumer", event_topics=["t"], event_group="g", position="latest")
emitter = app.configure_emitter(settings, serializer, "emitter")

class Event(BaseEvent):
    name = classmethod(lambda cls: "qotto.payment.command.ConfirmPayment")

async def send():
    while app.readiness():
        await asyncio.sleep(0.01)
    await emitter.send(Event({{"id": "p"}}), "t")

app.add_task(send())
app.start()
"""
    ended = run(SIGNAL.format(name="SIGTERM") + program)
    assert ended.returncode == 1, ended.stderr
    assert "Traceback" in ended.stderr
    assert "ZeroDivisionError: a bug of eventy's own" in ended.stderr


def test_handler_that_ends_the_process_is_shown_once_and_the_end_is_one_line() -> None:
    program = """
from eventy.app.settings import Settings
from eventy.command.base import BaseCommand
from eventy.errors import Unretryable
from eventy.event.registry import Registry

class Command(BaseCommand):
    name = classmethod(lambda cls: "qotto.payment.command.ConfirmPayment")

    async def execute(self) -> None:
        raise Unretryable("no such currency")

app.set("registry", Registry([Command]))
settings = Settings(avro_schemas_folder="avro_schemas")
serializer = app.configure_event_serializer(settings, "serializer")
app.configure_consumer(settings, serializer, "consumer", event_topics=["t"], event_group="g", position="latest")
emitter = app.configure_emitter(settings, serializer, "emitter")

async def send():
    while app.readiness():
        await asyncio.sleep(0.01)
    await emitter.send(Command({"id": "p"}), "t")

app.add_task(send())
app.start()
"""
    ended = run(SIGNAL.format(name="SIGTERM") + program)
    assert ended.returncode == 1, ended.stderr
    assert ended.stderr.count("Traceback") == ended.stderr.count("in execute\n") == 1
    (last,) = [line for line in ended.stderr.splitlines() if " CRITICAL " in line]
    assert "given up after 1 attempt, the last one failed with Unretryable: no such currency" in last


def test_start_that_fails_before_anything_runs_says_so_and_nothing_else() -> None:
    program = """
sys.modules["pythonjsonlogger.json"] = None
from eventy.app.settings import Settings
app.configure_event_serializer(Settings(avro_schemas_folder="avro_schemas", log_format="json"), "serializer")
app.add_task(later())
app.start()
"""
    ended = run(SIGNAL.format(name="SIGTERM") + program)
    assert ended.returncode == 2
    assert "python-json-logger isn't installed" in ended.stderr
    assert "never awaited" not in ended.stderr


def test_second_signal_ends_the_process_at_once() -> None:
    program = """
class Slow:
    async def start(self): ...
    async def stop(self):
        await asyncio.sleep(0.3)  # as people do; what comes sooner counts as the same signal
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.Event().wait()
app._components.append(Slow())
asyncio.ensure_future(later())
app.start()
"""
    ended = run(SIGNAL.format(name="SIGTERM") + program)
    assert ended.returncode == 128 + signal.SIGTERM, ended.stderr


def test_mistake_in_the_settings_of_an_imperative_program_shows_no_traceback() -> None:
    program = """
from types import SimpleNamespace
from eventy.app.eventy import Eventy
Eventy().configure_event_serializer(settings=SimpleNamespace(), serializer_name="serializer")
"""
    ended = run(program)
    assert ended.returncode != 0
    assert "EVENTY_EVENT_SERIALIZER" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_application_that_never_starts_leaves_nothing_open() -> None:
    ended = run("from eventy.app.eventy import Eventy\napp = Eventy()\ndel app\nprint('done')")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "done\n", "")


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("lambda: 1", "expected a container with a provider `app`"),
        ("Container()", "expected the function that makes the container: no ()"),
        ("Container", "app → config.nothing: config is empty: fill it"),
    ],
)
def test_container_that_cannot_be_run_is_told_without_a_traceback(argument: str, message: str) -> None:
    program = f"""
from dependency_injector import containers, providers
from eventy.app.eventy import Eventy
from eventy.app.process import run
class Container(containers.DeclarativeContainer):
    config = providers.Configuration(strict=True)
    app = providers.Singleton(Eventy, shutdown_timeout=config.nothing)
run({argument})
"""
    ended = run(program)
    assert ended.returncode == 2
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr


def test_second_signal_says_how_many_messages_are_lost() -> None:
    program = """
from eventy.app.settings import Settings
from eventy.command.base import BaseCommand
from eventy.event.registry import Registry

class Command(BaseCommand):
    name = classmethod(lambda cls: "qotto.payment.command.ConfirmPayment")

    async def execute(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.3)  # as people do; what comes sooner counts as the same signal
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.Event().wait()

app.set("registry", Registry([Command]))
settings = Settings(avro_schemas_folder="avro_schemas", memory_partitions=1)
serializer = app.configure_event_serializer(settings, "serializer")
app.configure_consumer(settings, serializer, "consumer", event_topics=["t"], event_group="g", position="latest")
emitter = app.configure_emitter(settings, serializer, "emitter")

async def send():
    while app.readiness():
        await asyncio.sleep(0.01)
    await emitter.send_many([Command({"id": "p"})] * 3, "t")

app.add_task(send())
app.start()
"""
    ended = run(SIGNAL.format(name="SIGTERM") + program)
    assert ended.returncode == 128 + signal.SIGTERM, ended.stderr
    assert "consumer of t (group g): 3 messages not handled and lost" in ended.stderr


def test_signal_that_comes_twice_at_once_is_one() -> None:
    program = """
async def later():
    loop = asyncio.get_running_loop()
    loop.call_soon(os.kill, os.getpid(), signal.SIGTERM)
    loop.call_soon(os.kill, os.getpid(), signal.SIGINT)
asyncio.ensure_future(later())
app.start()
"""
    assert run(SIGNAL.format(name="SIGTERM") + program).returncode == 0


@pytest.mark.parametrize("hanging", ["stubborn()", "asyncio.to_thread(time.sleep, 60)"])
def test_what_ends_by_nothing_does_not_outlast_the_shutdown_deadline(hanging: str) -> None:
    program = f"""
import time
class Hanging:
    async def start(self): ...
    async def stop(self):
        await {hanging}
app = Eventy(components=[Hanging()], shutdown_timeout=1)
asyncio.ensure_future(later())
app.start()
"""
    ended = run(SIGNAL.format(name="SIGTERM") + STUBBORN + program)
    assert ended.returncode == 3, ended.stderr
    assert "Hanging wasn't done after 1 ms" in ended.stderr


def test_task_that_ignores_its_cancellation_does_not_keep_a_failed_process() -> None:
    program = """
async def broken():
    asyncio.ensure_future(stubborn())
    await asyncio.sleep(0)
    raise ValueError("of mine")
app.add_task(broken())
app.start()
"""
    ended = run(SIGNAL.format(name="SIGTERM") + STUBBORN + program)
    assert ended.returncode == 1, ended.stderr
    assert "ValueError: of mine" in ended.stderr


@pytest.mark.parametrize(("before", "expected"), [("", "True 50000"), ("gc.set_threshold(123)", "True 123")])
def test_what_is_loaded_by_the_end_of_the_start_is_left_alone_by_the_garbage_collector(
    before: str, expected: str
) -> None:
    looking = (
        "import atexit, gc\natexit.register(lambda: print(gc.get_freeze_count() > 1_000, gc.get_threshold()[0]))\n"
    )
    ended = run(looking + before + SIGNAL.format(name="SIGTERM") + "asyncio.ensure_future(later())\napp.start()")
    assert (ended.returncode, ended.stdout) == (0, f"{expected}\n"), ended.stderr
