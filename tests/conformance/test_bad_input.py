"""What other clients may put into a topic: records without a value, without headers, and bytes that are no message."""

from eventy.testing.conformance.bad_input import *
