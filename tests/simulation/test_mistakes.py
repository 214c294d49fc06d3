"""A container with mistakes is told of all of them, as at a start."""

from __future__ import annotations

from dependency_injector import providers

from eventy.app.create import create
from eventy.app.settings import Settings
from eventy.errors import WiringError
from eventy.testing.simulation import Simulation
from eventy.testing.simulation.run import play
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
