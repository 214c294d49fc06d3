"""The backends with either delivery, and marks for tests of what only one of the two promises."""

import pytest

AT_LEAST_ONCE = ("memory", pytest.param("kafka", marks=pytest.mark.kafka))
EXACTLY_ONCE = ("memory-exactly-once", pytest.param("kafka-exactly-once", marks=pytest.mark.kafka))

at_least_once = pytest.mark.parametrize("backend", AT_LEAST_ONCE, indirect=True)
exactly_once = pytest.mark.parametrize("backend", EXACTLY_ONCE, indirect=True)
