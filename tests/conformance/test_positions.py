"""Where a consumer begins."""

from eventy.testing.conformance.positions import *
