"""What a handler is told about its message."""

from eventy.testing.conformance.receiving import *
