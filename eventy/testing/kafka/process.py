"""Servers as child processes that never outlive the tests."""

from __future__ import annotations

import asyncio
import ctypes
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # prctl(2)


def dies_with_parent(with_signal: signal.Signals) -> Callable[[], None] | None:
    """Return a `preexec_fn` that has the kernel send the signal when the thread that starts the child ends.

    So a test run that is killed leaves no server behind. Only Linux can do this; elsewhere it is None.
    """
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)  # loaded here: the child, between fork and exec, must not load anything

    def ask_the_kernel() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, with_signal)

    return ask_the_kernel


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def until_exit(process: subprocess.Popen[bytes], timeout: float) -> int:
    """Wait for the process to end and return its status; `TimeoutError` after so many seconds."""
    deadline = time.monotonic() + timeout
    while (status := process.poll()) is None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"process {process.pid} still runs after {timeout} s")
        await asyncio.sleep(0.02)
    return status


def tail(log: Path, lines: int = 40) -> str:
    """Return the last lines of a log, for a failure's message."""
    if not log.exists():
        return f"({log} was never written)"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
