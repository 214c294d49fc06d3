"""What `earliest` promises: everything from the beginning at each start, up to a checkpoint as a replay."""

from eventy.testing.conformance.replay import *
