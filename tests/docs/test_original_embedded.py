"""The original README's program without Kafka, by the settings that docs/guide/from-the-original.md has for it."""

from __future__ import annotations

import shutil
from pathlib import Path

from eventy.testing.kafka.process import free_port
from tests.docs.pages import ROOT, blocks
from tests.service.process import Process

PAGE = ROOT / "docs" / "guide" / "from-the-original.md"
ORIGINAL = ROOT / "tests" / "original"
CHANGED = ("EVENTY_EVENT_CONSUMER", "EVENTY_EVENT_EMITTER", "KAFKA_BOOTSTRAP_SERVER")


async def test_program_runs_embedded(tmp_path: Path) -> None:
    folder = tmp_path / "program"
    shutil.copytree(ORIGINAL / "program", folder)
    shutil.copytree(ORIGINAL / "avro_schemas", tmp_path / "avro_schemas")
    (instead,) = [block.text for block in blocks(PAGE) if "eventy.consumer.memory.MemoryConsumer" in block.text]
    settings = folder / "settings.py"
    kept = [line for line in settings.read_text().splitlines() if not line.startswith(CHANGED)]
    settings.write_text("\n".join([*kept, instead]))

    port = free_port()
    environment = {"PROGRAM_PORT": str(port)}
    program = Process(["server.py"], folder=folder, environment=environment, log=tmp_path / "program.log", port=port)
    async with program:
        await program.ready()
        answer = await program.http.post("/sms", json={"text": "hello"})
        assert answer.json() == {"payments": [], "text": "hello"}
        assert await program.stop() == 0, program.output()
