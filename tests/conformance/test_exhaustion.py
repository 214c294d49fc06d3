"""What becomes of a message that is given up: the consumer stops, or puts it aside, or passes over it."""

from eventy.testing.conformance.exhaustion import *
