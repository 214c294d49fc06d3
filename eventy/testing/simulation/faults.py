"""What goes wrong, and how often."""

from __future__ import annotations

from dataclasses import dataclass, fields
from random import Random

# What a seed multiplies each share by: some faults it leaves out, some it has many of.
_FACTORS = (0.0, 0.5, 1.0, 1.0, 3.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How often what goes wrong: shares of the requests to the broker, 0–1, or times a minute of virtual time.

    Each seed multiplies every one of them by a factor of its own, from 0 to 3.

    Parameters
        lost_requests: share of requests that never reach the broker; the caller sees an error.
        lost_acknowledgements: share of requests that the broker carries out though the caller sees an error.
        duplicates: share of the scenario's own sends that arrive twice.
        failed_fetches: share of fetches that lose what they had fetched.
        crashes_at_requests: share of requests at which their process ends, before or after they are carried out.
        crashes: a minute, anywhere.
        freezes: a minute. A frozen process does nothing; after a while the group goes on without it, and it comes back
            as one that doesn't know.
        stops: a minute. A process stops in good order, and another one is started.
        rebalances: a minute, without any process coming or going.
    """

    lost_requests: float = 0.02
    lost_acknowledgements: float = 0.03
    duplicates: float = 0.05
    failed_fetches: float = 0.03
    crashes_at_requests: float = 0.005
    crashes: float = 5.0
    freezes: float = 10.0
    stops: float = 3.0
    rebalances: float = 10.0

    @classmethod
    def none(cls) -> Faults:
        """Return that nothing goes wrong: only the order of things is left to the seed."""
        return cls(**{field.name: 0.0 for field in fields(cls)})

    def of_seed(self, random: Random) -> Faults:
        """Return what a seed makes of them."""
        return Faults(**{field.name: getattr(self, field.name) * random.choice(_FACTORS) for field in fields(self)})
