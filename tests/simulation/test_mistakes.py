"""What can't be simulated is told: a container with mistakes all of them, as at a start, and a database its threads."""

from __future__ import annotations

from pathlib import Path

from dependency_injector import providers

from containers.application import create_container
from eventy.app.create import create
from eventy.app.settings import Settings
from eventy.errors import WiringError
from eventy.testing.simulation import Simulation, SimulationError
from eventy.testing.simulation.run import play
from payment.errors import DatabaseUnavailableError
from tests.simulation import relay


def mistaken() -> relay.RelayContainer:
    container = relay.relay_of(relay.pass_on, Settings())()
    container.event_emitter.override(providers.Singleton(create, container.config.emiter))
    container.consumer.override(providers.Singleton(create, container.config.consumr))
    return container


async def scenario(simulation: Simulation) -> None:
    await simulation.start(mistaken)


def test_all_mistakes_of_a_container_are_told() -> None:
    error = play(scenario, 0).error
    assert isinstance(error, WiringError)
    assert [mistake.partition(":")[0] for mistake in error.mistakes] == [
        "pass_on → event_emitter → config.emiter",
        "consumer → config.consumr",
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
