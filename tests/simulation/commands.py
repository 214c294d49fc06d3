"""Commands of a shell, run at the root of the repository."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]


def ran(command: Sequence[str], **environment: str) -> subprocess.CompletedProcess[str]:
    """Return what a command has printed, and its status, within a minute."""
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
