"""Where the figures are from."""

from __future__ import annotations

import os
import platform
import re
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from eventy.testing.kafka.jars import POM

_LIBRARIES = ("aiokafka", "fastavro", "dependency-injector", "sanic", "faststream")


def versions() -> str:
    return ", ".join((f"Python {platform.python_version()}", f"Apache Kafka {_kafka()}", *map(_library, _LIBRARIES)))


def machine() -> str:
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores, {_processor()}, {_memory()}, {platform.system()}; load before the run {load:.1f}"


def today() -> str:
    return datetime.now(UTC).date().isoformat()


def _library(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"no {name}"


def _kafka() -> str:
    found = re.search(r"<artifactId>kafka_[\d.]+</artifactId>\s*<version>([^<]+)", POM.read_text())
    return found[1] if found else "(of unknown version)"


def _processor() -> str:
    found = re.search(r"model name\s*: (.+)", _text("/proc/cpuinfo"))
    return found[1] if found else platform.machine()


def _memory() -> str:
    found = re.search(r"MemTotal:\s*(\d+) kB", _text("/proc/meminfo"))
    return f"{int(found[1]) / 2**20:.0f} GiB" if found else "memory unknown"


def _text(path: str) -> str:
    return Path(path).read_text() if Path(path).exists() else ""
