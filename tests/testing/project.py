"""A project that knows nothing of eventy's pytest plugin, but where its container is."""

from __future__ import annotations

import textwrap

import pytest

PYPROJECT = """
[tool.eventy]
app = "service:create_container"
[tool.pytest.ini_options]
asyncio_mode = "{mode}"
asyncio_default_fixture_loop_scope = "function"
"""
_SERVICE = """
from dependency_injector import providers
from tests.testing.service import Container, Notes

def without_settings(): ...

def create_container(settings):
    container = Container()
    container.config.from_dict(settings.as_dict())
    container.notes.override(providers.Object(Notes({})))
    return container

def create_other(settings):
    container = create_container(settings)
    container.config.consumer_max_retries.from_value(7)
    return container
"""
#: What pytest is called with there.
ARGUMENTS = ("-p", "eventy.testing.plugin", "-p", "no:cacheprovider")


def make_project(pytester: pytest.Pytester, tests: str, *, mode: str = "auto", pyproject: str = PYPROJECT) -> None:
    """Write a project that has a container, and one module of tests."""
    pytester.makepyprojecttoml(pyproject.format(mode=mode))
    pytester.makepyfile(service=_SERVICE)
    pytester.makepyfile(test_it=f"import pytest\nfrom tests.testing.service import message\n{textwrap.dedent(tests)}")
