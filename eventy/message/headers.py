"""Header names: the CloudEvents Kafka protocol binding (1.0, binary content mode) and W3C Trace Context."""

from __future__ import annotations

CE_PREFIX = "ce_"
CE_SPECVERSION = "ce_specversion"
CE_ID = "ce_id"
CE_TYPE = "ce_type"
CE_SOURCE = "ce_source"
CE_TIME = "ce_time"
# Extension attributes: lower-case letters and digits only, by the CloudEvents naming rule.
CE_CORRELATION_ID = "ce_correlationid"
CE_CAUSATION_ID = "ce_causationid"

CONTENT_TYPE = "content-type"
TRACEPARENT = "traceparent"

HTTP_CORRELATION_ID = "X-Correlation-ID"

# Bytes of a name or an id that are kept: it goes into logs, and into the headers of everything that is sent in answer.
LONGEST = 1_024


def header_text(value: bytes | None) -> str | None:
    """Return what a header says; there is nothing in it that would keep a message from being handled."""
    return value[:LONGEST].decode("utf-8", "replace") if value is not None else None
