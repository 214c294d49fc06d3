"""The classes that settings name, and whether they fit together.

One forgotten line must not run production in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from eventy.app.create import CONTRACTS, resolve
from eventy.app.settings.found import Found
from eventy.app.settings.table import VARIABLES
from eventy.errors import ConfigurationError

CONSUMER = "EVENTY_EVENT_CONSUMER"
EMITTER = "EVENTY_EVENT_EMITTER"
SERVER = "KAFKA_BOOTSTRAP_SERVER"

_KAFKA = {CONSUMER: "eventy.consumer.kafka.KafkaConsumer", EMITTER: "eventy.emitter.kafka.KafkaProducer"}
_MEMORY = {CONSUMER: "eventy.consumer.memory.MemoryConsumer", EMITTER: "eventy.emitter.memory.MemoryEmitter"}


def classes_of(variables: Iterable[str], found: Mapping[str, Found]) -> tuple[dict[str, type[Any]], list[str]]:
    """Return the classes that the variables name, set or by default, and the mistakes."""
    classes = {}
    mistakes = []
    for variable in variables:
        one = found.get(variable, Found(VARIABLES[variable].default, "the defaults"))
        if not isinstance(one.value, str):
            continue  # `read` says so
        try:
            classes[variable] = resolve(one.value, CONTRACTS[variable], variable)
        except ConfigurationError as error:
            mistakes.append(f"{error} (it stands in {one.where})")
    return classes, mistakes


def broker_mistakes(classes: Mapping[str, type[Any]], found: Mapping[str, Found]) -> list[str]:
    """Return what doesn't fit between consumer, emitter and broker; backends of other kinds aren't judged."""
    kafka = [variable for variable in (CONSUMER, EMITTER) if _kind(classes.get(variable)) == "kafka"]
    memory = [variable for variable in (CONSUMER, EMITTER) if _kind(classes.get(variable)) == "memory"]
    mistakes = []
    if kafka and memory:
        mistakes.append(
            f"{_named(kafka, classes)} needs Kafka, but {_named(memory, classes)} works in memory, expected one broker "
            f"for both: set {_lines(memory, _KAFKA)}, or set {_lines(kafka, _MEMORY)} and remove {SERVER}"
        )
    elif memory and SERVER in found:
        shown = VARIABLES[SERVER].shown(found[SERVER].value)
        mistakes.append(
            f"{SERVER} is {shown}, but messages would stay in memory, by {_named(memory, classes)}: "
            f"set {_lines(memory, _KAFKA)}, or remove {SERVER} in {found[SERVER].where}"
        )
    if kafka and SERVER not in found:
        mistakes.append(
            f"{SERVER} isn't set, expected {VARIABLES[SERVER].kind.allowed}, for {_named(kafka, classes)}: "
            f"set it, or set {_lines(kafka, _MEMORY)}"
        )
    return mistakes


def _kind(backend: type[Any] | None) -> str | None:
    return getattr(backend, "broker_kind", None)


def _named(variables: list[str], classes: Mapping[str, type[Any]]) -> str:
    return " and ".join(f"{one}={classes[one].__module__}.{classes[one].__qualname__}" for one in variables)


def _lines(variables: list[str], paths: Mapping[str, str]) -> str:
    return " and ".join(f"{one}={paths[one]}" for one in variables)
