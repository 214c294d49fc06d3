"""What can be set for a consumer."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from typing import Any, TypedDict

from eventy.errors import ConfigurationError
from eventy.handler.exhaustion import OUTCOMES
from eventy.words import closest


class ConsumerOverrides(TypedDict, total=False):
    """The options as keywords, all of them optional."""

    max_retries: int
    retry_interval: int
    retry_backoff_coeff: float
    retry_max_interval: int
    retry_jitter: float
    on_exhausted: str
    delivery: str
    concurrency: int
    slice_messages: int
    slice_time: int
    max_poison: int
    stall_timeout: int
    replay_emits: bool
    dead_letter_suffix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerOptions:
    """How a consumer treats its messages; each field is the setting `EVENTY_CONSUMER_<FIELD>`, but for the last.

    Parameters
        max_retries: retries after the first attempt.
        retry_interval: ms before the first retry.
        retry_backoff_coeff: the nth wait is `retry_interval · coeff^(n-1)`, at least 1.
        retry_max_interval: ms, the longest wait.
        retry_jitter: share of each wait that is random, 0–1.
        on_exhausted: what becomes of a message that is given up: `stop`, `dead_letter` or `skip`.
        delivery: `at_least_once`, or `exactly_once`: what handlers send is written in one transaction with the offset.
        concurrency: messages of a partition that are handled at once, those of one key in order.
        slice_messages: messages that are flushed and committed together, at most.
        slice_time: ms after which what is done is flushed and committed.
        max_poison: undecodable messages in a row, in one partition, before the consumer stops.
        stall_timeout: ms after which a handler counts as stuck.
        replay_emits: whether handlers' sends go out while a group replays.
        dead_letter_suffix: ends the names of dead-letter topics; `EVENTY_DEAD_LETTER_SUFFIX`.

    Raises ConfigurationError for a value out of range.
    """

    max_retries: int = 10
    retry_interval: int = 1_000
    retry_backoff_coeff: float = 2.0
    retry_max_interval: int = 60_000
    retry_jitter: float = 0.0
    on_exhausted: str = "stop"
    delivery: str = "at_least_once"
    concurrency: int = 1
    slice_messages: int = 2_000
    slice_time: int = 50
    max_poison: int = 100
    stall_timeout: int = 300_000
    replay_emits: bool = False
    dead_letter_suffix: str = "-dlt"

    def __post_init__(self) -> None:
        for name, kind in _KINDS.items():
            if not isinstance(getattr(self, name), kind):
                expected = _NAMES.get(kind, "a number")
                raise ConfigurationError(f"{name} is {getattr(self, name)!r}, expected {expected}")
        for name, (least, most) in BOUNDS.items():
            value = getattr(self, name)
            if not value >= least or (most is not None and value > most):  # not a number isn't within them either
                raise ConfigurationError(f"{name} is {value!r}, expected {within(least, most)}")
        if not _SUFFIX.fullmatch(self.dead_letter_suffix):
            raise ConfigurationError(
                f"dead_letter_suffix is {self.dead_letter_suffix!r}, expected letters, digits, '.', '_' and '-'"
            )
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ConfigurationError(f"{name} is {getattr(self, name)!r}, expected {' or '.join(allowed)}")


def is_exactly_once(options: ConsumerOptions, group: str | None) -> bool:
    """Return whether what a consumer's handlers send is written exactly once: without a group nothing is committed."""
    return options.delivery == "exactly_once" and group is not None


def override(options: ConsumerOptions, overrides: ConsumerOverrides) -> ConsumerOptions:
    """Return options with some of them replaced. Raises ConfigurationError for what are none, or isn't one."""
    if not isinstance(options, ConsumerOptions):
        raise ConfigurationError(
            f"options is {options!r} ({type(options).__qualname__}), expected ConsumerOptions, by "
            "eventy.app.create.consumer_options for example; single ones are keywords beside, max_retries=3"
        )
    known = [field.name for field in fields(ConsumerOptions)]
    for name in overrides:
        if name not in known:
            raise ConfigurationError(
                f"{name!r} is no option of a consumer{closest(name, known)}, expected some of {', '.join(known)}"
            )
    return replace(options, **overrides)


def within(least: int, most: int | None) -> str:
    """Return bounds in words; None: there is no upper one."""
    return f"at least {least}" if most is None else f"{least}–{most}"


#: The longest time, in ms: what Kafka's protocol and clients take, nearly 25 days.
MAX_MS = 2**31 - 1

#: The least and the most of the options that are numbers.
BOUNDS: dict[str, tuple[int, int | None]] = {
    "max_retries": (0, None),
    "retry_interval": (0, MAX_MS),
    "retry_backoff_coeff": (1, None),
    "retry_max_interval": (0, MAX_MS),
    "retry_jitter": (0, 1),
    "concurrency": (1, 10_000),  # each of them is a task
    "slice_messages": (1, 1_000_000),  # so many may be in memory, in each partition
    "slice_time": (1, MAX_MS),
    "max_poison": (1, 1_000_000),  # so many are remembered
    "stall_timeout": (1, MAX_MS),
}
_KINDS: dict[str, Any] = {
    "retry_backoff_coeff": (int, float),
    "retry_jitter": (int, float),
    "dead_letter_suffix": str,
    "replay_emits": bool,
} | {name: int for name in BOUNDS if name not in {"retry_backoff_coeff", "retry_jitter"}}
_NAMES: dict[Any, str] = {str: "text", bool: "True or False"}
_CHOICES = {
    "on_exhausted": OUTCOMES,
    "delivery": ("at_least_once", "exactly_once"),
}
# What the name of a topic may be made of.
_SUFFIX = re.compile(r"[a-zA-Z0-9._-]+")
