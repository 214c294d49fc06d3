"""How a consumer ends."""

from eventy.testing.conformance.stop import *
