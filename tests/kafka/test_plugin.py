"""`pytest --eventy-kafka`: tests of an application run on a real broker, the one that tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from eventy.testing.kafka.broker import KafkaBroker
from tests.testing.project import ARGUMENTS, PYPROJECT, make_project

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
TESTS = """
import asyncio

async def forward(event, context, emitter):
    await emitter.send(message("done", of=event.data["n"]), "out")

@pytest.mark.eventy(settings={"consumer_retry_interval": 1}, topics=["out"])
async def test_runs_there(eventy_app, eventy_container, eventy_kafka):
    eventy_container.notes().then = {"do": forward}
    eventy_app.fail_next("do", ConnectionError("away"))
    await eventy_app.send(message(n=1), "in", key="k")
    await eventy_app.settled()
    assert [event.data["of"] for event in eventy_app.emitted("out")] == [1]
    assert eventy_container.notes().calls == [("do", 2)]
    assert eventy_container.config.kafka_bootstrap_server() == eventy_kafka.bootstrap
    assert type(eventy_container.event_emitter()).__name__ == "KafkaProducer"
    print("on", eventy_kafka.bootstrap)

async def test_moves_time_with_work_open(eventy_app):
    async def finish(event, context, emitter):
        begun.set()
        await asyncio.sleep(0.2)
        print("finished")

    begun = asyncio.Event()
    eventy_app.container.notes().then = {"do": finish}
    await eventy_app.send(message(), "in")
    await begun.wait()
    await eventy_app.advance(1)

@pytest.mark.eventy(settings={"consumer_delivery": "exactly_once"}, topics=["out"])
async def test_fails_with_work_open(eventy_app):
    eventy_app.container.notes().then = {"do": forward}
    for number in range(50):
        await eventy_app.send(message(n=number), "in", key=str(number))
    assert False, "of the test"

def test_wants_no_broker(eventy_container):
    assert eventy_container.config.kafka_bootstrap_server() is None
"""


@pytest.fixture(autouse=True)
def shared(kafka_broker: KafkaBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have another pytest run on the broker of this one."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVER", kafka_broker.bootstrap)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def test_tests_run_on_the_broker_and_those_that_move_time_are_skipped(
    pytester: pytest.Pytester, kafka_broker: KafkaBroker
) -> None:
    make_project(pytester, TESTS, pyproject=PYPROJECT + 'filterwarnings = ["error"]')
    result = pytester.runpytest_subprocess(*ARGUMENTS, "--eventy-kafka", "-s", "-rs")
    result.assert_outcomes(passed=2, skipped=1, failed=1)
    result.stdout.fnmatch_lines([f"*on {kafka_broker.bootstrap}"])
    result.stdout.fnmatch_lines(["*finished"])  # a test that is skipped ends as one that passes does
    result.stdout.fnmatch_lines(["*AssertionError: of the test*"])
    assert "ERROR at teardown" not in result.stdout.str()
    result.stdout.fnmatch_lines(["SKIPPED * this test moves time: it runs without --eventy-kafka"])


def test_sample_is_tested_on_the_broker_as_in_memory(pytester: pytest.Pytester) -> None:
    service = ROOT / "tests" / "payment" / "test_service.py"
    chosen = "sms or stand_in or put_aside or rebalances"
    result = pytester.runpytest_subprocess(service, "-c", ROOT / "pyproject.toml", "--eventy-kafka", "-k", chosen)
    result.assert_outcomes(passed=3, skipped=1, deselected=7)
