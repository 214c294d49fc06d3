"""The errors of the kit are eventy's own."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest

import eventy
from eventy.errors import EventyError
from eventy.testing.kafka.docker import DockerKafka
from eventy.testing.kafka.jars import fetch_jars
from eventy.testing.kafka.unavailable import RealPartError


def test_every_error_of_eventy_is_in_the_one_tree() -> None:
    names = [found.name for found in walk_packages(eventy.__path__, "eventy.") if not found.name.endswith("__main__")]
    classes = {one for name in names for one in vars(import_module(name)).values() if isinstance(one, type)}
    ours = {one for one in classes if issubclass(one, BaseException) and one.__module__.startswith("eventy.")}
    assert len(ours) > 30
    assert [one for one in ours if not issubclass(one, EventyError)] == []


def put_program(folder: Path, name: str, complaint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a program be found first that complains and fails."""
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{complaint}' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


def test_maven_that_fails_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_program(tmp_path, "mvn", "no route to host", monkeypatch)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(RealPartError, match=r"Maven couldn.t copy the broker.s jars:\nno route to host"):
        fetch_jars()


async def test_docker_that_fails_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_program(tmp_path, "docker", "no space left", monkeypatch)
    with pytest.raises(RealPartError, match=r"docker run failed:\nno space left"):
        await DockerKafka().start()
