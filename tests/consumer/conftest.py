"""The conformance suite's scene, in memory only."""

import pytest

from eventy.testing.conformance.memory import MemoryBackend
from eventy.testing.conformance.running import scene

__all__ = ["backend", "scene"]


@pytest.fixture
def backend() -> MemoryBackend:
    return MemoryBackend()
