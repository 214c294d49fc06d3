"""Deterministic simulation: a seed decides the order of tasks, and what goes wrong, and can be played again."""

from eventy.testing.simulation.faults import Faults
from eventy.testing.simulation.loop import SimulationError
from eventy.testing.simulation.promises import BrokenPromiseError
from eventy.testing.simulation.run import Report, Scenario, SimulationFailedError, simulate
from eventy.testing.simulation.simulation import Simulation

__all__ = [
    "simulate",
    "Simulation",
    "Scenario",
    "Faults",
    "Report",
    "SimulationFailedError",
    "BrokenPromiseError",
    "SimulationError",
]
