"""Which broker `--eventy-kafka` takes, and what becomes of a test where there is none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from eventy.testing.kafka.docker import DockerKafka
from eventy.testing.kafka.find import find_kafka
from eventy.testing.kafka.given import GivenKafka
from eventy.testing.kafka.jvm import JvmKafka
from eventy.testing.kafka.unavailable import UnavailableError
from tests.testing.project import ARGUMENTS, make_project

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
MISSING = "no Kafka broker: set KAFKA_BOOTSTRAP_SERVER, or install Java 17 or newer and Maven, or start a Docker engine"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Stand on a machine that has nothing, and return what installs a command on it."""
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVER", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (commands := tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(commands))

    def install(command: str) -> None:
        (commands / command).write_text("#!/bin/sh\nexit 0\n")
        (commands / command).chmod(0o755)

    return install


def test_broker_that_is_named_comes_first_then_java_then_docker(
    machine: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UnavailableError, match=f"^{MISSING}$"):
        find_kafka()
    machine("docker")
    assert isinstance(find_kafka(), DockerKafka)
    machine("java")
    assert isinstance(find_kafka(), DockerKafka)  # nobody fetches the jars
    machine("mvn")
    jvm = find_kafka()
    jvm.remove()
    assert isinstance(jvm, JvmKafka)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVER", "somewhere:9092")
    found = find_kafka()
    assert (type(found), found.bootstrap) == (GivenKafka, "somewhere:9092")


def test_docker_without_an_engine_is_none(machine: Callable[[str], None], tmp_path: Path) -> None:
    machine("docker")
    (tmp_path / "bin" / "docker").write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(UnavailableError):
        find_kafka()


@pytest.mark.parametrize(("ci", "outcome"), [("", "skipped"), ("true", "errors")])
def test_without_a_broker_tests_are_skipped_with_the_reason_and_fail_in_ci(
    ci: str, outcome: str, machine: object, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("CI", ci)
    make_project(pytester, "async def test_runs_there(eventy_app): ...")
    result = pytester.runpytest_subprocess(*ARGUMENTS, "--eventy-kafka", "-rs")
    result.assert_outcomes(**{outcome: 1})
    result.stdout.fnmatch_lines([f"*{MISSING}*"])
