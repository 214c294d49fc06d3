"""What operators see of payments, beside what eventy counts by itself."""

from __future__ import annotations

from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge

from payment.model import PaymentStatus
from payment.statistics import PaymentStatistics


class PaymentMetrics:
    """Metrics of this service's own.

    Parameters
        registry: where they are shown.
        statistics: read when somebody asks: that many payments, however often their events come.
    """

    def __init__(self, registry: CollectorRegistry, statistics: PaymentStatistics) -> None:
        self.sms_refused = Counter("sms_refused", "SMS that don't confirm a payment.", registry=registry)
        payments = Gauge("payments_known", "Payments whose events have come.", ["status"], registry=registry)
        for status in PaymentStatus:
            payments.labels(status.value).set_function(partial(statistics.count, status))
