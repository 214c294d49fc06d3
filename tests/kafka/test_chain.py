"""A chain of two services writes everything once, whatever is killed meanwhile. `make soak` does more of it.

It prints what it counted: `pytest -s` shows it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import pytest

from eventy.testing.conformance.kafka import KafkaBackend
from eventy.testing.conformance.scene import Scene
from eventy.testing.kafka.broker import KafkaBroker
from tests.kafka.faults.chain import Chain
from tests.kafka.faults.sizes import FULL, SHORT

OnChain = Callable[..., AbstractAsyncContextManager[Chain]]


@pytest.fixture
def on_chain(scene: Scene, backend: KafkaBackend, tmp_path: Path, request: pytest.FixtureRequest) -> OnChain:
    """`Chain.open` for this test."""
    return partial(Chain.open, scene, backend, tmp_path, FULL if request.config.getoption("--soak") else SHORT)


@pytest.mark.parametrize("concurrency", [pytest.param(1, marks=pytest.mark.soak), 4])
async def test_chain_writes_everything_once_and_in_order_whatever_is_killed(
    on_chain: OnChain, kafka_broker: KafkaBroker, request: pytest.FixtureRequest, concurrency: int
) -> None:
    given: int | None = request.config.getoption("--fault-seed")
    seed = random.randrange(1_000_000) if given is None else given
    print(f"\nchain of {concurrency} lanes, seed {seed}")  # noqa: T201 - to do the same again, should it fail
    async with on_chain(concurrency=concurrency) as chain:
        chain.start()
        await chain.suffer(random.Random(seed), kafka_broker)
        await chain.end()
        chain.report(f"chain of {concurrency} lanes, seed {seed}")
        await chain.assert_exactly_once_and_in_order()
