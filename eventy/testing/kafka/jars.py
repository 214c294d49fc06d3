"""The Kafka broker's jars, copied once by Maven. `python -m eventy.testing.kafka.jars` copies them ahead of the tests.

They are kept in `~/.cache/eventy` (`XDG_CACHE_HOME` is heeded), 43 MB, for all projects of a user.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from eventy.testing.kafka.unavailable import RealPartError

POM = Path(__file__).with_name("pom.xml")


def can_run_jars() -> bool:
    """Whether Java is here, and the jars are too or can be fetched."""
    return shutil.which("java") is not None and (_folder().is_dir() or shutil.which("mvn") is not None)


def fetch_jars() -> Path:
    """Return the folder of the jars that `pom.xml` names, filling it first if need be."""
    folder = _folder()
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Filled aside and renamed, so that a broken download is never taken for the whole.
    with tempfile.TemporaryDirectory(dir=folder.parent) as aside:
        command = ["mvn", "-B", "-q", "-f", str(POM), "dependency:copy-dependencies", f"-DoutputDirectory={aside}/libs"]
        run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if run.returncode != 0:
            raise RealPartError(f"Maven couldn't copy the broker's jars:\n{run.stdout}{run.stderr}")
        try:
            Path(aside, "libs").rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process was faster
                raise
    return folder


def _folder() -> Path:
    """Return where the jars of this pom belong: another version of it has another folder."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "eventy" / f"kafka-{hashlib.sha256(POM.read_bytes()).hexdigest()[:12]}"


if __name__ == "__main__" and can_run_jars():
    fetch_jars()
