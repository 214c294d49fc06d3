"""What a service of the latency comparison is told."""

from __future__ import annotations

import sys

from bench.contestant import Task

# At a rate that leaves a service idle most of the time; some hundred, for a 99th percentile that means something.
REQUESTS = 400
RATE = 50


def task_and_port() -> tuple[Task, int]:
    """Return what stands on the command line."""
    bootstrap, topic, out, port = sys.argv[1:]
    return Task(bootstrap, topic, out, sys.maxsize), int(port)
