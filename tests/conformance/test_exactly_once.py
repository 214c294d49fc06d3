"""What `delivery="exactly_once"` promises: what handlers send and their offset become true together, or not at all."""

from eventy.testing.conformance.exactly_once import *
