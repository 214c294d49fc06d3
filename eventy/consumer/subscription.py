"""Which topics a consumer reads: some by their names, some by patterns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from eventy.errors import ConfigurationError
from eventy.message.topic import TOPIC_NAMES, is_topic_name

Topic: TypeAlias = str | re.Pattern[str]

# What the names of internal topics begin with, `__consumer_offsets` for example.
_INTERNAL = "__"


@dataclass(frozen=True, slots=True)
class Subscription:
    """The topics that are named, and all those that a pattern matches.

    Parameters
        names: read whatever they are.
        patterns: match a topic as a whole. Internal topics aren't among those meant, nor are dead letters.
        excluded_suffix: what the names of dead-letter topics end with.
    """

    names: tuple[str, ...]
    patterns: tuple[re.Pattern[str], ...] = ()
    excluded_suffix: str = "-dlt"

    @classmethod
    def of(cls, topics: Sequence[Topic]) -> Subscription:
        """Return the subscription to names and compiled patterns, mixed. Raises ConfigurationError."""
        if isinstance(topics, str | re.Pattern) or not topics:
            raise ConfigurationError(f"event_topics is {topics!r}, expected a list of one topic or more")
        for topic in topics:
            _check(topic)
        names = dict.fromkeys(topic for topic in topics if isinstance(topic, str))
        patterns = dict.fromkeys(topic for topic in topics if isinstance(topic, re.Pattern))
        return cls(tuple(names), tuple(patterns))

    def matches(self, topic: str) -> bool:
        """Return whether a topic is meant."""
        if topic in self.names:
            return True
        if topic.startswith(_INTERNAL) or (self.excluded_suffix and topic.endswith(self.excluded_suffix)):
            return False
        return any(pattern.fullmatch(topic) for pattern in self.patterns)

    def among(self, topics: Iterable[str]) -> tuple[str, ...]:
        """Return the topics to read when there are these: the named ones are, whether they are there or not."""
        return tuple(sorted({*self.names, *filter(self.matches, topics)}))

    def __str__(self) -> str:
        return ", ".join([*self.names, *(f"topics like {pattern.pattern}" for pattern in self.patterns)])


def _check(topic: object) -> None:
    if isinstance(topic, re.Pattern):
        if not isinstance(topic.pattern, str):
            raise ConfigurationError(f"event_topics has {topic!r}, a pattern of bytes, expected one of text")
    elif not isinstance(topic, str):
        raise ConfigurationError(
            f"event_topics has {topic!r} ({type(topic).__name__}), expected names of topics and compiled patterns"
        )
    elif not is_topic_name(topic):
        raise ConfigurationError(
            f"event_topics has {topic!r}, which can't be the name of a topic ({TOPIC_NAMES}); a pattern is written "
            f"re.compile({topic!r})"
        )
