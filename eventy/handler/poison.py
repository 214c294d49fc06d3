"""How many messages in a row can't be decoded, in whatever order that turns out."""

from __future__ import annotations


class PoisonRow:
    """Counts undecodable messages that follow each other.

    Parameters
        most: how many may.
        apart: how far the numbers of two messages may be apart that are worked on at the same time.
    """

    def __init__(self, most: int, apart: int) -> None:
        self._most = most
        self._remembered = most + apart
        self._numbers: set[int] = set()

    def add(self, number: int) -> bool:
        """Note an undecodable message, and return whether it makes too many in a row.

        Parameters
            number: of the message, counted over all, good ones too. Offsets won't do: they have gaps.
        """
        self._numbers.add(number)
        if len(self._numbers) > 2 * self._remembered:
            self._numbers = {kept for kept in self._numbers if kept > number - self._remembered}
        first = last = number
        while first - 1 in self._numbers:
            first -= 1
        while last + 1 in self._numbers:
            last += 1
        return last - first + 1 > self._most
