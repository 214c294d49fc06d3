"""The page of the sample's architecture is as `make graph` writes it today."""

from __future__ import annotations

import os
import subprocess
import sys

from containers.application import create_container
from eventy.app.architecture import page
from eventy.app.examination import examine
from eventy.app.settings import Settings
from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "architecture.md"
APP = "containers.application:create_container"
KAFKA = Settings(
    event_consumer="eventy.consumer.kafka.KafkaConsumer",
    event_emitter="eventy.emitter.kafka.KafkaProducer",
    kafka_bootstrap_server="127.0.0.1:1",
)


def drawn(settings: Settings) -> str:
    return page(examine(create_container(settings), with_routes=False), APP)


def test_page_is_not_stale() -> None:
    assert drawn(Settings()) == PAGE.read_text(), "the architecture has changed: make graph"


def test_page_is_the_same_whatever_the_settings_are() -> None:
    assert drawn(KAFKA) == PAGE.read_text()


def test_page_is_the_same_in_another_process() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "eventy", "graph", "--app", APP],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONHASHSEED": "7", "EVENTY_ENV_FILE": os.devnull},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == PAGE.read_text()


def test_target_of_make_writes_this_page() -> None:
    ended = subprocess.run(
        ["make", "--dry-run", f"VENV={sys.prefix}", "--assume-old", f"{sys.prefix}/.installed", "graph"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    (command,) = ended.stdout.splitlines()
    assert command == f"{sys.prefix}/bin/python -m eventy graph --output {PAGE.relative_to(ROOT)}"
