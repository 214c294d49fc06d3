"""Run the fast tests on every supported Python that is on this machine: `make test-pythons`."""

import shutil
import subprocess
import sys
from pathlib import Path

SUPPORTED = ("3.11", "3.12", "3.13")
ROOT = Path(__file__).parents[1]
PYENV_VERSIONS = Path.home() / ".pyenv" / "versions"


def main() -> int:
    outcomes = {version: test_on(version) for version in SUPPORTED}
    print()
    for version, outcome in outcomes.items():
        print(f"Python {version}: {outcome}")
    ran = set(outcomes.values()) - {"absent"}
    return 0 if ran == {"passed"} else 1  # none at all is no success either


def test_on(version: str) -> str:
    """Run the tests in an environment of this version's own, made by the same rule as `.venv`."""
    interpreter = find_python(version)
    if interpreter is None:
        return "absent"
    print(f"\n== Python {version}: {interpreter}", flush=True)
    command = ["make", "--no-print-directory", "test-fast", f"PYTHON={interpreter}", f"VENV=.cache/venv-{version}"]
    return "passed" if subprocess.run(command, cwd=ROOT, check=False).returncode == 0 else "FAILED"


def find_python(version: str) -> str | None:
    """Return an interpreter of this version, from the PATH or pyenv; a pyenv shim of a version not chosen fails."""
    candidates = [shutil.which(f"python{version}"), *map(str, PYENV_VERSIONS.glob(f"{version}.*/bin/python"))]
    return next((python for python in candidates if python and is_version(python, version)), None)


def is_version(python: str, version: str) -> bool:
    code = "import sys; print('.'.join(map(str, sys.version_info[:2])))"
    run = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return run.returncode == 0 and run.stdout.strip() == version


if __name__ == "__main__":
    sys.exit(main())
