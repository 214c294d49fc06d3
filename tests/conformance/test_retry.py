"""What becomes of a message whose handler fails."""

from eventy.testing.conformance.retry import *
