"""What it costs to inject three dependencies: µs of a message, beside a call that is given them by hand."""

from __future__ import annotations

import time
from collections.abc import Callable

from dependency_injector import containers, providers

from bench.contestant import Task, run
from eventy.broker.log import StoredRecord
from eventy.command.base import BaseCommand
from eventy.injection import compile_handlers
from eventy.message.context import Context

_TIMES = 200_000


class Repository:
    """Something to depend on."""


class Handled(BaseCommand):
    """A command with three dependencies."""

    async def execute(self, payments: Repository, contracts: Repository, customers: Repository) -> None:
        pass


class Service(containers.DeclarativeContainer):
    """Three singletons."""

    payments = providers.Singleton(Repository)
    contracts = providers.Singleton(Repository)
    customers = providers.Singleton(Repository)


async def injection(task: Task) -> dict[str, float]:
    event, context = Handled({}), Context(StoredRecord("topic", 0, 0, 0, None, b""))
    call = compile_handlers((Handled.execute,), Service(), None)
    one = Repository()
    by_hand = await _microseconds(lambda: event.execute(one, one, one))
    injected = await _microseconds(lambda: call(event, context))
    return {"time": injected - by_hand}


async def _microseconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    for _ in range(_TIMES):
        await call()  # type: ignore[misc]  # what a handler returns
    return (time.perf_counter() - began) / _TIMES * 1e6


if __name__ == "__main__":
    run(injection)
