"""How far a consumer is behind is known without asking the broker."""

from eventy.testing.conformance.metrics import *
