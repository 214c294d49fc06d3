"""Marks for tests of what only one delivery promises."""

from __future__ import annotations

import pytest

MARKER = "eventy_delivery"

at_least_once = pytest.mark.eventy_delivery("at_least_once")
exactly_once = pytest.mark.eventy_delivery("exactly_once")
