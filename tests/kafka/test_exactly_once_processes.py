"""Processes that deliver exactly once are frozen, killed and replaced in the middle of their transactions."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import pytest

from eventy.testing.conformance.kafka import KafkaBackend
from eventy.testing.conformance.scene import Scene, until
from tests.kafka.faults.stage import Stage

OnStage = Callable[..., AbstractAsyncContextManager[Stage]]
_MESSAGES = 2_000


@pytest.fixture
def on_stage(scene: Scene, backend: KafkaBackend, tmp_path: Path) -> OnStage:
    return partial(Stage.open, scene, backend, tmp_path, 60, session=1_000, EVENTY_CONSUMER_DELIVERY="exactly_once")


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("comes_back", [True, False], ids=["comes back", "is killed"])
async def test_process_that_freezes_in_the_middle_of_a_transaction_doubles_nothing(
    on_stage: OnStage, comes_back: bool, concurrency: int
) -> None:
    async with on_stage(work=0, concurrency=concurrency) as stage:
        await stage.flow.send(_MESSAGES)
        stage.group.start(0, WORKER_FREEZES="1")
        await stage.group.until_frozen(0)
        stage.group.start(1)
        await stage.flow.until_committed()
        if comes_back:
            stage.group.thaw(0)
            await until(lambda: stage.group.counts(0).transactions_fenced > 0)
        else:
            stage.group.kill(0)
        await stage.flow.send(_MESSAGES)
        await stage.flow.until_committed()
        assert await stage.group.stop_all() == {0}
        await stage.assert_exactly_once_and_in_order()


@pytest.mark.parametrize("concurrency", [1, 4])
async def test_processes_replaced_in_turn_write_everything_once(on_stage: OnStage, concurrency: int) -> None:
    async with on_stage(work=0.001 * concurrency, concurrency=concurrency) as stage:
        for place in range(2):
            stage.group.start(place)
        async with stage.flow.trickle():
            for place in range(2):
                await stage.group.until_at_work(place)
                assert await stage.group.stop(place) == 0
                stage.group.start(place)
                await stage.group.until_at_work(place)
        await stage.flow.until_committed()
        assert await stage.group.stop_all() == {0}
        await stage.assert_exactly_once_and_in_order()
