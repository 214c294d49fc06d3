"""What a topic can be called."""

from __future__ import annotations

import re
from functools import lru_cache

# What Kafka takes, `org.apache.kafka.common.internals.Topic.validate`.
_NAME = re.compile(r"(?!\.{1,2}\Z)[a-zA-Z0-9._-]{1,249}")
#: The same in words.
TOPIC_NAMES = "1 to 249 of a-z, A-Z, 0-9, '.', '_' and '-'"
# So many names are remembered: they are asked for at each send.
_REMEMBERED = 1024


@lru_cache(maxsize=_REMEMBERED)
def is_topic_name(name: str) -> bool:
    """Return whether a topic can be called so, on whatever broker: what is tested in memory also works on Kafka."""
    return _NAME.fullmatch(name) is not None
