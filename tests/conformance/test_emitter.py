"""What is promised to who sends outside a handler."""

from eventy.testing.conformance.emitter import *
