"""What is promised of the scope around each attempt."""

from eventy.testing.conformance.scope import *
