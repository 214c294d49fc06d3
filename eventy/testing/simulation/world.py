"""All that there is in the simulation of one seed, but its processes."""

from __future__ import annotations

from random import Random

from eventy.broker.memory import PARTITIONS, MemoryBroker
from eventy.testing.simulation.clock import SimulatedClock
from eventy.testing.simulation.faults import Faults
from eventy.testing.simulation.loop import SimulatedLoop
from eventy.testing.simulation.network import Network
from eventy.testing.simulation.promises import Promises
from eventy.testing.simulation.trace import Trace


class World:
    """The loop, the clock, the broker and the way to it.

    Parameters
        seed: decides everything that is left to chance.
        faults: how often what goes wrong, before the seed makes its own of it.
    """

    def __init__(self, seed: int, faults: Faults) -> None:
        self.seed = seed
        self.random = Random(seed)
        self.faults = faults.of_seed(self.random)
        self.loop = SimulatedLoop(self.random)
        self.clock = SimulatedClock(self.loop.time)
        self.trace = Trace(self.loop)
        self.network = Network(self.loop, self.random, self.faults, self.trace)
        self.promises = Promises(self.trace, self.loop.fail)
        self._broker: MemoryBroker | None = None

    @property
    def broker(self) -> MemoryBroker:
        return self.open_broker(PARTITIONS)

    def open_broker(self, partitions: int) -> MemoryBroker:
        """Return the broker; who asks first says how many partitions its topics have."""
        if self._broker is None:
            self._broker = MemoryBroker(clock=self.clock, partitions=partitions)
            self.promises.watch(self._broker)
        return self._broker
