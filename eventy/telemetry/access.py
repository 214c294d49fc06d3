"""The text of Sanic's access records, which it leaves to the formatter."""

from __future__ import annotations

import logging

ACCESS = "sanic.access"


def with_text(record: logging.LogRecord) -> bool:
    """Fill in the text, as a filter of a handler does. The query of the URL is left out: it may hold secrets."""
    if record.name == ACCESS and not record.msg and isinstance(request := getattr(record, "request", None), str):
        request = record.__dict__["request"] = request.partition("?")[0]
        size, duration = getattr(record, "byte", "?"), getattr(record, "duration", "")
        record.msg = f"{request} {getattr(record, 'status', '?')}, {size} bytes{duration and f',{duration}'}"
    return True
