"""What one partition of the in-process broker holds: records, and the marks that transactions leave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from eventy.message.record import Header


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record in a partition. `timestamp` is in ms since 1970-01-01T00:00Z."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...] = ()


class PartitionLog:
    """Records by offset. As in Kafka an aborted record keeps its offset, and the end of a transaction takes one too.

    Readers get what is committed, and nothing beyond the first record of a transaction that is still open.
    """

    def __init__(self) -> None:
        self._entries: list[StoredRecord | None] = []  # None: nothing to read there
        self._open: dict[str, list[int]] = {}  # offsets by transactional id, lowest first
        self._has_gaps = False

    def copy(self) -> PartitionLog:
        """Return another log that has the same, and goes its own way from here."""
        other = PartitionLog()
        other._entries = list(self._entries)
        other._open = {of: list(offsets) for of, offsets in self._open.items()}
        other._has_gaps = self._has_gaps
        return other

    @property
    def stable_end(self) -> int:
        """The offset up to which everything is decided: where readers end."""
        return min((offsets[0] for offsets in self._open.values()), default=len(self._entries))

    def append(self, at: Callable[[int], StoredRecord], transactional_id: str | None = None) -> StoredRecord:
        """Append the record that `at` returns for its offset, as part of a transaction if one is named."""
        offset = len(self._entries)
        record = at(offset)
        self._entries.append(record)
        if transactional_id is not None:
            self._open.setdefault(transactional_id, []).append(offset)
        return record

    def is_written_by(self, transactional_id: str) -> bool:
        """Return whether a transaction of an id is open here."""
        return transactional_id in self._open

    def end_transaction(self, transactional_id: str, *, is_committed: bool) -> None:
        """Let readers have what was written under an id, or nobody."""
        offsets = self._open.pop(transactional_id)
        if not is_committed:
            for offset in offsets:
                self._entries[offset] = None
        self._entries.append(None)
        self._has_gaps = True

    def read(self, offset: int, limit: int | None = None) -> tuple[list[StoredRecord], int]:
        """Return what readers get from an offset on, and the offset to go on from."""
        end = self.stable_end if limit is None else min(self.stable_end, offset + limit)
        found = self._entries[offset:end]
        return [record for record in found if record is not None], max(offset, end)

    def count_from(self, offset: int) -> int:
        """Return how many records readers get from an offset on."""
        return len(self.read(offset)[0]) if self._has_gaps else self.stable_end - offset
