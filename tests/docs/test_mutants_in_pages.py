"""The page about rules has a row for each rule that a test holds, as `scripts/mutants.py` prints it."""

from __future__ import annotations

import subprocess
import sys

from tests.docs.pages import ROOT, prose

PAGE = ROOT / "docs" / "contributing" / "rules.md"
PATCHES = ROOT / "tests" / "mutants"


def test_page_has_a_row_for_every_rule_that_is_taken_out() -> None:
    listed = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "mutants.py"), "--list"], capture_output=True, text=True, check=True
    )
    assert [line for line in prose(PAGE) if line.startswith("|")] == listed.stdout.splitlines()


def test_every_rule_names_a_test_that_exists() -> None:
    named = [path.read_text().splitlines()[0].removeprefix("# ") for path in sorted(PATCHES.glob("*.patch"))]
    command = [sys.executable, "-m", "pytest", "--collect-only", "--quiet", "-p", "no:cacheprovider", *named]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
