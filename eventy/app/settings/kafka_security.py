"""How connections to Kafka are protected, by several variables: whether they fit together, and the files are there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eventy.app.settings.found import Found
from eventy.app.settings.table import VARIABLES
from eventy.broker.kafka.contradictions import PROTOCOL, SECURITY, Given, contradictions


def security_mistakes(values: Mapping[str, Any], found: Mapping[str, Found]) -> list[str]:
    """Return what doesn't fit, whatever the backends are.

    Parameters
        values: what `read` has made of what is found; the rest it has reported.
    """
    read = {name: values[field] for name in SECURITY if (field := VARIABLES[name].field) in values}
    where = {name: found[name].where for name in SECURITY if name in found}
    protocol = {PROTOCOL: str(VARIABLES[PROTOCOL].default)} if PROTOCOL not in found else {}
    return list(contradictions(Given({**protocol, **read}, unusable=where.keys() - read.keys(), where=where)))
