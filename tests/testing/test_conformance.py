"""The conformance suite, as somebody runs it who has written another backend."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

import pytest

from eventy.testing import conformance
from eventy.testing.conformance import everything
from eventy.testing.conformance.running import scene

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
PYPROJECT = """
[tool.pytest.ini_options]
asyncio_mode = "auto"
asyncio_default_fixture_loop_scope = "function"
"""
CONFTEST = """
import pytest
from eventy.testing.conformance.running import run_on, scene
from theirs import TheirBackend

pytest_generate_tests = run_on(at_least_once=["theirs"])

@pytest.fixture
def backend():
    return TheirBackend()
"""
THEIRS = """
from eventy.consumer.memory import MemoryConsumer, MemoryPort
from eventy.emitter.memory import MemoryEmitter
from eventy.testing.conformance.memory import MemoryBackend

class Forgetful(MemoryPort):
    async def committed(self, partition):
        return None

class TheirConsumer(MemoryConsumer):
    def _port(self):
        return Forgetful(self._broker, self.subscription, self.group)

class TheirEmitter(MemoryEmitter):
    async def write(self, records):
        for record in records:
            self._broker.append(record, partition=len(record.key or b"") % len(self._broker.partitions(record.topic)))

class TheirBackend(MemoryBackend):
    def consumer(self, **arguments):
        return {consumer}(broker=self.broker, **arguments)

    def emitter(self, **arguments):
        return {emitter}(broker=self.broker, **arguments)
"""


def run(
    pytester: pytest.Pytester, area: str, *, consumer: str = "MemoryConsumer", emitter: str = "MemoryEmitter"
) -> tuple[set[str], set[str]]:
    """Return the tests of an area that have passed, and those that have failed, on a backend of these parts."""
    pytester.syspathinsert(ROOT)
    pytester.makepyprojecttoml(PYPROJECT)
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(
        theirs=THEIRS.format(consumer=consumer, emitter=emitter),
        test_theirs=f"from eventy.testing.conformance.{area} import *",
    )
    result = pytester.inline_run("-p", "eventy.testing.plugin", "-p", "no:cacheprovider", "-q")
    passed, _, failed = result.listoutcomes()
    return _names(passed), _names(failed)


def _names(reports: Iterable[pytest.CollectReport | pytest.TestReport]) -> set[str]:
    return {report.nodeid.partition("::")[2] for report in reports}


def test_emitter_that_spreads_keys_its_own_way_is_told_by_the_test_about_that(pytester: pytest.Pytester) -> None:
    passed, failed = run(pytester, "emitter", emitter="TheirEmitter")
    assert failed == {
        "test_key_decides_the_partition_as_it_does_for_kafka_clients[theirs]",
        "test_events_without_a_key_spread_over_the_partitions[theirs]",
    }
    assert len(passed) == 9


def test_consumer_that_forgets_what_is_committed_is_told_by_the_tests_about_positions(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventy.testing.conformance.scene.DEADLINE", 0.3)  # what is red waits for no longer
    passed, failed = run(pytester, "positions", consumer="TheirConsumer")
    assert "test_latest_goes_on_from_what_is_committed[theirs]" in failed
    assert "test_committed_begins_at_the_beginning_then_goes_on_from_what_is_committed[theirs]" in failed
    assert "test_without_a_group_earliest_begins_at_the_beginning_and_latest_at_the_end[theirs]" in passed


def areas() -> list[ModuleType]:
    """Return the modules of the suite that have tests."""
    modules = [import_module(f"{conformance.__name__}.{found.name}") for found in iter_modules(conformance.__path__)]
    return [module for module in modules if module is not everything and any(map(is_test, vars(module)))]


def is_test(name: str) -> bool:
    return name.startswith("test_")


def test_everything_is_everything_and_nothing_of_it_hides_another() -> None:
    owners: dict[str, str] = {}
    for area in areas():
        assert not hasattr(area, "pytestmark"), f"{area.__name__}: it would be that of all areas"
        for name, value in vars(area).items():
            if is_test(name) or isinstance(value, type(scene)):  # a fixture, as `scene` is
                assert vars(everything).get(name) is value, f"{name} of {area.__name__} would never run"
                owners[name] = area.__name__
    assert len(owners) > 100
    assert {"avro", "family", "schemas"} < owners.keys()
    ours = {path.stem.removeprefix("test_") for path in (ROOT / "tests" / "conformance").glob("test_*.py")}
    assert {owner.rpartition(".")[2] for owner in owners.values()} <= ours  # we run them all


def test_exactly_once_is_left_out_of_who_does_not_promise_it(pytester: pytest.Pytester) -> None:
    pytester.syspathinsert(ROOT)
    pytester.makepyprojecttoml(PYPROJECT)
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(
        theirs=THEIRS.format(consumer="MemoryConsumer", emitter="MemoryEmitter"),
        test_theirs="from eventy.testing.conformance.everything import *",
    )
    result = pytester.runpytest_inprocess(
        "-p", "eventy.testing.plugin", "-p", "no:cacheprovider", "-rs", "-k", "replay_sends_nothing or attempts_are"
    )
    outcomes = result.parseoutcomes()
    assert (outcomes["passed"], outcomes["skipped"]) == (1, 1)
    assert outcomes["deselected"] > 100
    result.stdout.fnmatch_lines(["*the backend doesn't promise exactly_once*"])


REPOSITORY = """
import pytest
from dataclasses import replace
from payment.repository.memory import MemoryContractRepository, MemoryPaymentRepository
from tests.payment.repository.suite import *

class Overwriting(MemoryPaymentRepository):
    async def add(self, payment):
        self._payments[payment.id] = payment
        return payment

@pytest.fixture
def payments():
    return Overwriting()

@pytest.fixture
def contracts():
    return MemoryContractRepository()
"""


def test_repository_that_overwrites_is_told_by_the_tests_about_that(pytester: pytest.Pytester) -> None:
    pytester.syspathinsert(ROOT)
    pytester.makepyprojecttoml(PYPROJECT)
    pytester.makepyfile(test_theirs=REPOSITORY)
    result = pytester.inline_run("-p", "eventy.testing.plugin", "-p", "no:cacheprovider", "-q")
    passed, _, failed = result.listoutcomes()
    assert _names(failed) == {
        "test_same_id_again_keeps_and_returns_the_first",
        "test_same_id_again_keeps_a_later_status",
        "test_fifty_side_by_side_store_one_id_once",
    }
    assert len(passed) == 11
