"""What becomes of a test whose real part isn't here, or doesn't do what it should."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

from eventy.errors import EventyError


class UnavailableError(EventyError):
    """A real part can't run on this machine; the message says what is missing."""


class RealPartError(EventyError):
    """A real part is here, but doesn't start, or ends; the message has what it said itself."""


def skip_or_fail(error: UnavailableError) -> NoReturn:
    """Skip with the reason, or fail with it when `CI=true`: there, every real part is expected."""
    if os.environ.get("CI") == "true":
        pytest.fail(str(error), pytrace=False)
    pytest.skip(str(error))
