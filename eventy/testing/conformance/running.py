"""What the tests run on, and the scene that they play on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest
import pytest_asyncio

from eventy.testing.conformance.backend import Backend
from eventy.testing.conformance.deliveries import MARKER
from eventy.testing.conformance.scene import Scene


def run_on(*, at_least_once: Sequence[Any], exactly_once: Sequence[Any] = ()) -> Callable[[pytest.Metafunc], None]:
    """Return the hook `pytest_generate_tests` of a `conftest.py`: it gives the fixture `backend` its `request.param`.

    Parameters
        at_least_once, exactly_once: what `backend` is made from for either delivery: values, or `pytest.param(…)`.
    """
    values = {"at_least_once": at_least_once, "exactly_once": exactly_once}

    def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
        given = [marker.args[0] for marker in metafunc.definition.iter_markers("parametrize")]
        if "backend" not in metafunc.fixturenames or "backend" in given:
            return
        marker = metafunc.definition.get_closest_marker(MARKER)
        deliveries = values if marker is None else marker.args
        params = [value for delivery in deliveries for value in values[delivery]]
        if params:
            metafunc.parametrize("backend", params, indirect=True)
        else:
            metafunc.parametrize("backend", [pytest.param(None, marks=_not_promised(marker))], indirect=True)

    return pytest_generate_tests


def _not_promised(marker: pytest.Mark | None) -> pytest.MarkDecorator:
    what = "anything" if marker is None else marker.args[0]
    return pytest.mark.skip(reason=f"the backend doesn't promise {what}")


@pytest_asyncio.fixture
async def scene(backend: Backend) -> AsyncIterator[Scene]:
    """Where a test plays; nothing of it may go on afterwards."""
    before = asyncio.all_tasks()
    scene = Scene(backend)
    yield scene
    await scene.end()
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    assert not left, f"tasks are left: {left}"
