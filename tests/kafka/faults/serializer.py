"""The tests' serializer, as an application makes it from its settings."""

from __future__ import annotations

from typing import Any

from eventy.testing.conformance.serializer import JsonSerializer


class Serializer(JsonSerializer):
    def __init__(self, **of_schemas: Any) -> None:
        """Take what serializers with schemas are given."""
