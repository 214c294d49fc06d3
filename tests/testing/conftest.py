"""What blocks in these tests waits for an event of theirs, never for a database."""

import pytest


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a handler that blocks found out sooner."""
    monkeypatch.setattr("eventy.testing.harness.PATIENCE", 0.1)
