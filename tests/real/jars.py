"""The Kafka broker's jars, copied once by Maven. `python -m tests.real.jars` copies them ahead of the tests."""

import shutil
import subprocess
import tempfile
from pathlib import Path

POM = Path(__file__).with_name("pom.xml")
CACHE = Path(__file__).parents[2] / ".cache" / "kafka"
LIBS = CACHE / "libs"
_COPIED_FOR = CACHE / "pom.xml"  # the pom that LIBS was filled for


def can_run_jars() -> bool:
    """Whether Java is here, and the jars are too or can be fetched."""
    return shutil.which("java") is not None and (_are_current() or shutil.which("mvn") is not None)


def fetch_jars() -> Path:
    """Return the folder of the jars, filling it first if the pom has changed since."""
    if _are_current():
        return LIBS
    CACHE.mkdir(parents=True, exist_ok=True)
    # Filled aside and renamed, so that a broken download is never taken for the whole.
    with tempfile.TemporaryDirectory(dir=CACHE) as aside:
        command = ["mvn", "-B", "-q", "-f", str(POM), "dependency:copy-dependencies", f"-DoutputDirectory={aside}/libs"]
        run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if run.returncode != 0:
            raise RuntimeError(f"Maven couldn't copy the broker's jars:\n{run.stdout}{run.stderr}")
        shutil.rmtree(LIBS, ignore_errors=True)
        Path(aside, "libs").rename(LIBS)
    shutil.copyfile(POM, _COPIED_FOR)
    return LIBS


def _are_current() -> bool:
    return LIBS.is_dir() and _COPIED_FOR.is_file() and _COPIED_FOR.read_bytes() == POM.read_bytes()


if __name__ == "__main__" and can_run_jars():
    fetch_jars()
