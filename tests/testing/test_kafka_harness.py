"""What the harness on Kafka says before it connects."""

from __future__ import annotations

from typing import Any

import pytest
from dependency_injector import providers

from eventy.app.create import create
from eventy.app.settings import Settings
from eventy.errors import WiringError
from eventy.testing.kafka.harness import KafkaHarness
from tests.testing.service import Container


async def test_all_mistakes_of_a_container_are_told_without_a_broker() -> None:
    container: Any = Container()
    container.config.from_dict(Settings().as_dict())
    container.event_emitter.override(providers.Singleton(create, container.config.emiter))
    container.registry.override(providers.Singleton(create, container.config.registri))
    with pytest.raises(WiringError) as raised:
        async with KafkaHarness(container, "127.0.0.1:1"):
            pass
    assert {mistake.partition(":")[0].split(" → ")[-1] for mistake in raised.value.mistakes} == {
        "config.emiter",
        "config.registri",
    }
