"""Handlers that hang are noticed: nothing else would be wrong with the process."""

from eventy.testing.conformance.stalls import *
