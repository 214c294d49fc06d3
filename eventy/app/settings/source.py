"""Settings from an object or a module with upper-case attributes."""

from __future__ import annotations

from types import ModuleType

from eventy.app.create import CONTRACTS
from eventy.app.settings.backends import CONSUMER, EMITTER, broker_mistakes, classes_of
from eventy.app.settings.found import ENV_FILE, Found, read, unknown
from eventy.app.settings.kafka_security import security_mistakes
from eventy.app.settings.table import VARIABLES, Settings
from eventy.errors import SettingsError
from eventy.serializer.avro import AvroEventSerializer

_SERIALIZER = "EVENTY_EVENT_SERIALIZER"
_FOLDER = "AVRO_SCHEMAS_FOLDER"


def settings_from(source: object, *required: str) -> Settings:
    """Return the settings that an object has. It stands alone: the environment and `.env` aren't read.

    Parameters
        source: Settings; or whatever has the variables as attributes, a module for example. Values are text, or
            numbers, booleans and paths as such; None and the empty text count as unset. Other attributes are ignored.
        required: the variables that must be set, EVENTY_EVENT_CONSUMER for example. What their classes need is
            required as well: AVRO_SCHEMAS_FOLDER of the Avro serializer, KAFKA_BOOTSTRAP_SERVER of the Kafka backends.

    Raises SettingsError with all mistakes.
    """
    where = _name(source)
    found = _found(source, where)
    values, wrong = read(found)
    classes, unresolved = classes_of(_with_classes(required, found), found)
    avro = issubclass(classes.get(_SERIALIZER, object), AvroEventSerializer)
    mistakes = [
        *unknown((name for name in dir(source) if name.isupper()), where),
        *([f"{ENV_FILE} stands in {where}, which is read alone: remove it there"] if hasattr(source, ENV_FILE) else ()),
        *(_missing(name, where) for name in (*required, *([_FOLDER] if avro else ())) if name not in found),
        *wrong,
        *unresolved,
        *broker_mistakes(classes, found),
        *security_mistakes(values, found),
    ]
    if mistakes:
        raise SettingsError(mistakes)
    return source if isinstance(source, Settings) else Settings(**values)


def _with_classes(required: tuple[str, ...], found: dict[str, Found]) -> list[str]:
    """Return the required variables that name a class; a backend is judged together with the other one."""
    backends = (CONSUMER, EMITTER) if CONSUMER in required or EMITTER in required else ()
    return [name for name in CONTRACTS if name in found and name in (*required, *backends)]


def _found(source: object, where: str) -> dict[str, Found]:
    found = {}
    for variable in VARIABLES.values():
        value = getattr(source, variable.field if isinstance(source, Settings) else variable.name, None)
        if value is not None and value != "":
            found[variable.name] = Found(value, where)
    return found


def _missing(name: str, where: str) -> str:
    return f"{name} isn't set, expected {VARIABLES[name].kind.allowed}: set it in {where}"


def _name(source: object) -> str:
    if isinstance(source, ModuleType):
        return f"module {source.__name__}"
    return source.__qualname__ if isinstance(source, type) else type(source).__qualname__
