"""Dead letters arrive as they are, beside the messages that they were."""

from eventy.testing.conformance.letters import *
