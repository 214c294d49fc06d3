"""What is promised to who runs more than one process."""

from eventy.testing.conformance.groups import *
