"""The conformance suite's scene, in memory only."""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio

from eventy.testing.conformance.memory import MemoryBackend
from eventy.testing.conformance.scene import Scene


@pytest_asyncio.fixture
async def scene() -> AsyncIterator[Scene]:
    scene = Scene(MemoryBackend())
    yield scene
    await scene.end()
    assert asyncio.all_tasks() == {asyncio.current_task()}
