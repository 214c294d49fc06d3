"""The page about delivery has a row for each rule that a test holds, as `scripts/mutants.py` prints it."""

from __future__ import annotations

import subprocess
import sys

from tests.docs.pages import ROOT, prose

PAGE = ROOT / "docs" / "guide" / "delivery.md"
SECTION = "## How each promise is held"


def test_delivery_page_has_a_row_for_every_rule_that_is_taken_out() -> None:
    listed = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "mutants.py"), "--list"], capture_output=True, text=True, check=True
    )
    lines = prose(PAGE)
    section = lines[lines.index(SECTION) + 1 :]
    end = next((at for at, line in enumerate(section) if line.startswith("## ")), len(section))
    assert [line for line in section[:end] if line.startswith("|")] == listed.stdout.splitlines()
