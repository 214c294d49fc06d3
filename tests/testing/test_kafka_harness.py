"""What the harness on Kafka says before it connects."""

from __future__ import annotations

from typing import Any

import pytest
from dependency_injector import containers, providers

from eventy.app.create import create
from eventy.app.settings import Settings
from eventy.errors import WiringError
from eventy.testing.harness import HarnessError
from eventy.testing.kafka.harness import KafkaHarness
from tests.testing.service import Container, message, service


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


async def test_before_it_is_entered_nothing_can_be_asked_of_it() -> None:
    app = KafkaHarness(service(), "127.0.0.1:1")
    for step in (app.settled, lambda: app.send(message(), "in")):
        with pytest.raises(HarnessError, match="the harness isn't entered: use it inside `async with"):
            await step()
    with pytest.raises(HarnessError, match="isn't entered"):
        app.fail_next("do")


def test_container_that_lacks_a_name_is_refused() -> None:
    with pytest.raises(HarnessError, match=r"DynamicContainer has no config, clock, .*: a harness wants a root"):
        KafkaHarness(containers.DynamicContainer(), "127.0.0.1:1")
