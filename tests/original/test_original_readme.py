"""The program of the original eventy's README, on a real Kafka: its calls in their order, its gaps filled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from eventy.broker.kafka.connection import KafkaConnection
from eventy.clock import Clock
from eventy.emitter.kafka import KafkaProducer
from eventy.event.generic import GenericEvent
from eventy.event.registry import Registry
from eventy.serializer.avro import AvroEventSerializer
from eventy.testing.kafka.broker import KafkaBroker
from eventy.testing.kafka.process import free_port
from tests.service.process import Process
from tests.service.topics import fresh_topics

HERE = Path(__file__).parent


@pytest.fixture
async def topics(kafka_broker: KafkaBroker) -> AsyncIterator[None]:
    async with fresh_topics(kafka_broker.bootstrap):
        yield


@pytest.mark.usefixtures("topics")
async def test_program_of_the_original_readme_runs(tmp_path: Path, kafka_broker: KafkaBroker) -> None:
    port = free_port()
    environment = {"PROGRAM_PORT": str(port), "PROGRAM_KAFKA": kafka_broker.bootstrap}
    program = Process(
        ["server.py"], folder=HERE / "program", environment=environment, log=tmp_path / "program.log", port=port
    )
    async with program:
        await program.ready()
        await send_command(kafka_broker.bootstrap)
        await program.until(lambda: output_of(program), lambda output: "handled p1 from-the-test ['p1']" in output)

        answer = await program.http.post("/sms", json={"text": "hello"})
        assert answer.status_code == httpx.codes.OK
        assert answer.json() == {"payments": ["p1"], "text": "hello"}

        assert await program.stop() == 0, program.output()
    assert "task runs" in program.output()
    assert "task ends" in program.output()
    assert "Traceback" not in program.output()


async def send_command(bootstrap: str) -> None:
    serializer = AvroEventSerializer(registry=Registry(), schemas_folder=HERE / "avro_schemas")
    emitter = KafkaProducer(broker=KafkaConnection(bootstrap_server=bootstrap), serializer=serializer, clock=Clock())
    await emitter.start()
    try:
        command = GenericEvent(
            "qotto.payment.command.CreatePaymentCommand", {"payment_id": "p1", "correlation_id": "from-the-test"}
        )
        await emitter.send(command, "payment-commands", key="p1")
    finally:
        await emitter.stop()


async def output_of(program: Process) -> str:
    await asyncio.sleep(0)
    return program.output()
