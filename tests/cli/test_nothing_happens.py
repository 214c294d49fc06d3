"""`eventy check` with the settings of Kafka: nothing is connected, and nothing is written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = """
import json, socket, sys

LEAVING = ("socket.bind", "socket.connect", "socket.getaddrinfo", "sqlite3.connect", "subprocess.Popen", "os.mkdir")
seen = []

def listen(event, arguments):
    writes = event == "open" and (set(str(arguments[1])) & set("wax+") or (arguments[2] or 0) & 3)
    if event in LEAVING or writes:
        seen.append(event)

sys.addaudithook(listen)
from eventy.cli.main import main
status = main(["check", "--app", "containers.application:create_container"])
while_checking = list(seen)

socket.socket().connect_ex(("127.0.0.1", 1))
open("written", "w").close()
json.dump([status, while_checking, seen], sys.stderr)
"""
ENVIRONMENT = {
    "EVENTY_EVENT_CONSUMER": "eventy.consumer.kafka.KafkaConsumer",
    "EVENTY_EVENT_EMITTER": "eventy.emitter.kafka.KafkaProducer",
    "EVENTY_CONSUMER_DELIVERY": "exactly_once",
    "KAFKA_BOOTSTRAP_SERVER": "127.0.0.1:1",
    "AVRO_SCHEMAS_FOLDER": str(ROOT / "avro_schemas"),
}


def test_check_connects_to_nothing_and_writes_nothing(tmp_path: Path) -> None:
    process = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env={**process, **ENVIRONMENT},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    status, while_checking, seen = json.loads(ended.stderr)
    assert (status, while_checking) == (0, [])
    assert seen == ["socket.connect", "open"]  # it would have been noticed
    assert [path.name for path in tmp_path.iterdir()] == ["written"]
