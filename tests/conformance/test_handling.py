"""What is promised to who sends inside a handler, and to who writes one."""

from eventy.testing.conformance.handling import *
