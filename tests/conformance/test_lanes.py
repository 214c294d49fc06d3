"""What `concurrency` promises: the messages of a key in order, those of different keys side by side."""

from eventy.testing.conformance.lanes import *
