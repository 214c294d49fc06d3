"""Mistakes of whoever deploys: one message, a status that isn't 0, no traceback."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import httpx
import pytest

from tests.service.process import service

KAFKA = {
    "EVENTY_EVENT_CONSUMER": "eventy.consumer.kafka.KafkaConsumer",
    "EVENTY_EVENT_EMITTER": "eventy.emitter.kafka.KafkaProducer",
}


async def fails(folder: Path, **environment: str) -> tuple[int, str]:
    async with service(folder, **environment) as process:
        status = await process.ended()
    return status, process.output()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"EVENTY_HTTP_HANDLER_PORT": "eighty"}, "EVENTY_HTTP_HANDLER_PORT"),
        ({"EVENTY_EVENT_EMITER": "x"}, "EVENTY_EVENT_EMITTER"),
        ({"KAFKA_BOOTSTRAP_SERVER": "127.0.0.1:9092"}, "KAFKA_BOOTSTRAP_SERVER"),
        ({"KAFKA_SECURITY_PROTOCOL": "sasl_ssl"}, "KAFKA_PASSWORD"),
        ({"EVENTY_EVENT_SERIALIZER": "no.such.Serializer"}, "EVENTY_EVENT_SERIALIZER"),
        ({"EVENTY_CONSUMER_DELIVERY": "exactly-once"}, "EVENTY_CONSUMER_DELIVERY"),
        ({"AVRO_SCHEMAS_FOLDER": "/no/such/folder"}, "AVRO_SCHEMAS_FOLDER"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL"),
        ({"EVENTY_ENV_FILE": "/no/such/.env"}, "EVENTY_ENV_FILE"),
    ],
)
async def test_setting_that_cannot_be_used_ends_the_start_with_its_name(
    tmp_path: Path, environment: dict[str, str], expected: str
) -> None:
    status, output = await fails(tmp_path, **environment)
    assert status == 2, output
    assert expected in output
    assert "Traceback" not in output


async def test_all_wrong_settings_are_named_at_once(tmp_path: Path) -> None:
    _, output = await fails(tmp_path, EVENTY_HTTP_HANDLER_PORT="x", EVENTY_CONSUMER_MAX_RETRIES="many")
    assert "EVENTY_HTTP_HANDLER_PORT" in output
    assert "EVENTY_CONSUMER_MAX_RETRIES" in output


async def test_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, output = await fails(tmp_path, EVENTY_HTTP_HANDLER_PORT=str(port))
    assert status != 0
    assert "EVENTY_HTTP_HANDLER_PORT" in output
    assert str(port) in output
    assert "Traceback" not in output


async def test_broker_that_does_not_answer_ends_the_process_within_the_start_timeout(tmp_path: Path) -> None:
    environment = {**KAFKA, "KAFKA_BOOTSTRAP_SERVER": "127.0.0.1:1", "EVENTY_START_TIMEOUT": "1000"}
    status, output = await fails(tmp_path, **environment)
    assert status == 1, output
    assert "KAFKA_BOOTSTRAP_SERVER=127.0.0.1:1" in output
    assert "Traceback" not in output


async def test_request_is_answered_with_503_within_a_bound_while_the_broker_is_away(tmp_path: Path) -> None:
    async with service(tmp_path, **KAFKA, KAFKA_BOOTSTRAP_SERVER="127.0.0.1:1") as process:
        live = await process.until(lambda: process.get("/health/live"), lambda answer: answer is not None)
        assert live.is_success
        ready = await process.http.get("/health/ready")
        assert ready.status_code == httpx.codes.SERVICE_UNAVAILABLE
        assert any("Kafka" in reason for reason in ready.json()["reasons"].values())

        began = time.monotonic()
        answer = await process.http.post("/payments", json={"contract_id": "c", "amount": 1, "currency": "EUR"})
        assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer.text
        assert "broker" in answer.json()["errors"][0]["message"]
        assert time.monotonic() - began < 15
        assert await process.stop() == 0, process.output()


async def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    environment = {**KAFKA, "KAFKA_BOOTSTRAP_SERVER": "127.0.0.1:1", "EVENTY_START_TIMEOUT": "1000"}
    _, output = await fails(tmp_path, **environment, EVENTY_LOG_LEVEL="DEBUG")
    assert "Traceback" in output


async def test_debug_shows_the_traceback_of_a_wrong_setting_as_well(tmp_path: Path) -> None:
    status, output = await fails(tmp_path, DATABASE_URL="mysql://x", EVENTY_LOG_LEVEL="DEBUG")
    assert status == 2
    assert "Traceback" in output


async def test_schema_that_does_not_parse_is_named_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "broken.avsc").write_text("{")
    status, output = await fails(tmp_path, AVRO_SCHEMAS_FOLDER=str(tmp_path))
    assert status == 2, output
    assert "broken.avsc" in output
    assert "Traceback" not in output
