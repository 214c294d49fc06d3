"""How much the tests of faults do: a short form for every run, the full one for `make soak`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    """
    Parameters
        killed_messages, kills: messages, and how often each process is killed meanwhile.
        outage_messages, outages: messages, and how often the broker is killed meanwhile.
        away: seconds before it is started again; after 30 what handlers send isn't waited for any more, but sent anew.
        failing_messages: of which one in a hundred fails twice, and one in a thousand for ever.
        rolls: how often all processes are replaced, one after the other.
        frozen_messages, freezes: messages, and how often a process is frozen until others have taken over.
        chain_messages, chain_places, chain_kills: messages through a chain of two services, the processes of each, and
            how often each process is killed meanwhile.
        chain_work: seconds of work for a message on its way.
        bound: seconds for each test.
    """

    killed_messages: int
    kills: int
    outage_messages: int
    outages: int
    away: float
    failing_messages: int
    rolls: int
    frozen_messages: int
    freezes: int
    chain_messages: int
    chain_places: int
    chain_kills: int
    chain_work: float
    bound: float


SHORT = Sizes(
    killed_messages=20_000,
    kills=1,
    outage_messages=10_000,
    outages=1,
    away=0,
    failing_messages=10_000,
    rolls=1,
    frozen_messages=10_000,
    freezes=1,
    chain_messages=10_000,
    chain_places=2,
    chain_kills=1,
    chain_work=0.001,
    bound=120,
)
FULL = Sizes(
    killed_messages=100_000,
    kills=10,
    outage_messages=50_000,
    outages=3,
    away=40,
    failing_messages=10_000,
    rolls=10,
    frozen_messages=50_000,
    freezes=5,
    chain_messages=100_000,
    chain_places=3,
    chain_kills=5,
    chain_work=0.003,
    bound=400,
)
