"""What can't be simulated is told: a container with mistakes all of them, as at a start, and a database its threads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dependency_injector import containers, providers

from containers.application import create_container
from eventy.app.check import build_app
from eventy.app.create import create
from eventy.app.settings import Settings
from eventy.errors import ConfigurationError, WiringError
from eventy.testing.errors import HarnessError
from eventy.testing.simulation import Faults, Simulation, SimulationError, simulate
from eventy.testing.simulation.run import play
from payment.errors import DatabaseUnavailableError
from tests.simulation import relay


def mistaken() -> Any:
    container = relay.relay_of(relay.pass_on)()
    container.event_emitter.override(providers.Singleton(create, container.config.emiter))
    container.worker.override(providers.Singleton(create, container.config.consumr))
    return container


async def scenario(simulation: Simulation) -> None:
    await simulation.start(mistaken)


def test_all_mistakes_of_a_container_are_told() -> None:
    error = play(scenario, 0).error
    assert isinstance(error, WiringError)
    assert [mistake.partition(":")[0] for mistake in error.mistakes] == [
        "pass_on → event_emitter → config.emiter",
        "worker → config.consumr",
    ]


def test_sql_is_refused_with_what_to_do_instead(tmp_path: Path) -> None:
    settings = Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/payments.db")

    async def with_a_database(simulation: Simulation) -> None:
        await simulation.start(lambda: create_container(settings))

    error = play(with_a_database, 0).error
    assert isinstance(error, DatabaseUnavailableError)
    assert isinstance(error.__cause__, SimulationError)
    assert "a simulation has no threads" in str(error)
    assert "override what needs them in the scenario's container, a database by repositories in memory" in str(error)


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (None, "NoneType has no config, clock, event_serializer, app: a simulation wants a root container"),
        (containers.DynamicContainer(), "DynamicContainer has no config, clock, event_serializer, app: a simulation"),
    ],
)
def test_what_is_no_root_container_is_told(made: object, told: str) -> None:
    async def with_it(simulation: Simulation) -> None:
        await simulation.start(lambda: made)

    error = play(with_it, 0).error
    assert isinstance(error, HarnessError)
    assert str(error).startswith(told)


def test_container_in_place_of_what_makes_it_is_told() -> None:
    async def with_it(simulation: Simulation) -> None:
        container: Any = containers.DynamicContainer()
        await simulation.start(container)

    error = play(with_it, 0).error
    assert isinstance(error, HarnessError)
    assert str(error).endswith("expected the function that makes the container: each process has one of its own")


class Stateful:
    def __init__(self, simulation: Simulation) -> None: ...


def plain(simulation: Simulation) -> None: ...


async def of_nothing() -> None: ...


@pytest.mark.parametrize(
    ("scenario", "made"), [(plain, "None"), (Stateful, "<tests.simulation.test_mistakes.Stateful")]
)
def test_scenario_that_is_not_async_is_told(scenario: Any, made: str) -> None:
    error = play(scenario, 0).error
    assert isinstance(error, SimulationError)
    assert str(error).startswith(f"the scenario makes {made}")
    assert str(error).endswith("nothing to be awaited: expected an `async def`")


def test_scenario_that_does_not_take_the_simulation_is_told_before_anything_is_played() -> None:
    scenario: Any = of_nothing
    with pytest.raises(ConfigurationError) as raised:
        simulate(scenario)
    assert str(raised.value) == (
        "the scenario of_nothing can't be called with the simulation (too many positional arguments): expected an "
        "`async def` that is given it"
    )


def test_application_that_was_built_before_is_built_anew() -> None:
    """As by a function that builds it to give it a task: with what it was built with, nothing would be simulated."""
    emitted: list[int] = []

    async def never_run() -> None: ...

    def built() -> Any:
        container = relay.relay_of(relay.pass_on)()
        build_app(container).add_task(never_run())
        return container

    async def one_message(simulation: Simulation) -> None:
        await simulation.start(built)
        await simulation.send(relay.numbered(1), "in")
        await simulation.settled()
        emitted.append(len(simulation.emitted("out")))

    simulate(one_message, [0], Faults.none())
    assert emitted == [1, 1]
