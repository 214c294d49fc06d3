"""How many payments there are of each status: a view, kept in memory and rebuilt from the events at every start."""

from __future__ import annotations

from collections import Counter

from payment.model import PaymentStatus

# A rejected payment is never created or confirmed afterwards, and a created one is only ever confirmed. So of all that
# is told about a payment the furthest is true, whatever is repeated and in whatever order.
_FURTHEST = {PaymentStatus.REJECTED: 0, PaymentStatus.CREATED: 1, PaymentStatus.CONFIRMED: 2}


class PaymentStatistics:
    """Counts payments by status; each payment once, however often its events come."""

    def __init__(self) -> None:
        self._status: dict[str, PaymentStatus] = {}

    def record(self, payment_id: str, status: PaymentStatus) -> None:
        """Take note of what an event tells about a payment."""
        known = self._status.get(payment_id)
        if known is None or _FURTHEST[status] > _FURTHEST[known]:
            self._status[payment_id] = status

    def count(self, status: PaymentStatus) -> int:
        """Return the number of payments of a status."""
        return self.counts()[status.value]

    def counts(self) -> dict[str, int]:
        """Return the number of payments for each status: `{"created": 1, "confirmed": 2, "rejected": 0}`."""
        counted = Counter(self._status.values())
        return {status.value: counted[status] for status in PaymentStatus}
