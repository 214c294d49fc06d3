"""Builds what settings choose: objects from the dotted paths of their classes, and the broker that these need."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, NoReturn

from eventy.clock import Clock
from eventy.consumer.base import BaseEventConsumer
from eventy.consumer.options import ConsumerOptions
from eventy.emitter.base import BaseEventEmitter
from eventy.errors import ConfigurationError
from eventy.serializer.base import BaseEventSerializer
from eventy.words import closest, described

#: The variables that hold a dotted path, and the contract that the class has to keep.
CONTRACTS: dict[str, type[Any]] = {
    "EVENTY_EVENT_SERIALIZER": BaseEventSerializer,
    "EVENTY_EVENT_CONSUMER": BaseEventConsumer,
    "EVENTY_EVENT_EMITTER": BaseEventEmitter,
}

_DOTTED_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")


def create(dotted_path: str, **kwargs: object) -> Any:
    """Return a new object of the class: `providers.Singleton(create, config.event_consumer, broker=broker, …)`.

    The result is `Any`, so that the provider can be annotated with the contract. A `Singleton` of the path itself
    would hand out the path.

    Parameters
        dotted_path: `package.module.Class`, a serializer, consumer or emitter.
        kwargs: the arguments of the class.

    Raises ConfigurationError when there is no such class, or it doesn't take these arguments.
    """
    return created_class(dotted_path, kwargs)(**kwargs)


def created_class(dotted_path: str, kwargs: Mapping[str, object]) -> type[Any]:
    """Return the class, for these arguments. Raises ConfigurationError as `create` does."""
    found, variable = _found(dotted_path)
    try:
        inspect.signature(found).bind(**kwargs)
    except TypeError as error:
        _refuse_unknown(found, kwargs)
        raise ConfigurationError(
            f"{variable} is {dotted_path!r}, whose arguments are {inspect.signature(found)}, but it is given "
            f"{', '.join(kwargs) or 'none'}: {error}; let the class take what the container passes"
        ) from None
    return found


def _refuse_unknown(found: type[Any], kwargs: Mapping[str, object]) -> None:
    """Raise ConfigurationError for a keyword that is probably misspelt, rather than blame the setting."""
    known = [name for name in inspect.signature(found).parameters if name not in kwargs]
    for name in kwargs:
        if name not in inspect.signature(found).parameters and (near := closest(name, known)):
            raise ConfigurationError(
                f"{found.__qualname__} takes no {name!r}{near}: correct what the container passes"
            ) from None


def create_broker(dotted_path: str, *, config: Mapping[str, Any], clock: Clock) -> Any:
    """Return what the consumers and emitters of one kind share as their `broker`.

    Parameters
        dotted_path: the class of a consumer or an emitter.
        config: the settings as in `Settings.as_dict`.

    Raises ConfigurationError.
    """
    found, _ = _found(dotted_path)
    return found.connect(_Config(config), clock)


def consumer_options(config: Mapping[str, Any]) -> ConsumerOptions:
    """Return what is set for every consumer.

    Parameters
        config: the settings as in `Settings.as_dict`.

    Raises ConfigurationError when one is missing.
    """
    given = _Config(config)
    names = {field.name: f"consumer_{field.name}" for field in fields(ConsumerOptions)}
    names["dead_letter_suffix"] = "dead_letter_suffix"  # of the emitters too
    return ConsumerOptions(**{field: given[name] for field, name in names.items()})


class _Config(dict[str, Any]):
    """The settings; those that nobody has given are asked for in vain."""

    def __missing__(self, name: str) -> NoReturn:
        raise ConfigurationError(
            f"config has no {name!r}{'' if self else ', nor anything else'}: fill it with all settings, "
            "config.from_dict(load_settings().as_dict()) for example"
        )


def resolve(dotted_path: str, contract: type[Any], variable: str) -> type[Any]:
    """Return the class.

    Parameters
        contract: the base class that it must have.
        variable: the setting that the path comes from, for the error.

    Raises ConfigurationError, with the error of a failed import as its cause.
    """
    found = _imported(dotted_path, variable, contract)
    if not isinstance(found, type) or not issubclass(found, contract):
        raise ConfigurationError(
            f"{variable} is {dotted_path!r}, which is {_described(found)}, expected a subclass of "
            f"{contract.__module__}.{contract.__qualname__}"
        )
    if missing := getattr(found, "__abstractmethods__", None):
        raise ConfigurationError(
            f"{variable} is {dotted_path!r}, which lacks {', '.join(sorted(missing))}, "
            f"expected a class that has all of {contract.__qualname__}: name such a class, or complete this one"
        )
    return found


def _found(dotted_path: str) -> tuple[type[Any], str]:
    """Find out which variable it was: the container passes only the value."""
    variables = f"{', '.join(list(CONTRACTS)[:-1])} or {list(CONTRACTS)[-1]}"
    found = _imported(dotted_path, variables, *CONTRACTS.values())
    for variable, contract in CONTRACTS.items():
        if isinstance(found, type) and issubclass(found, contract):
            return resolve(dotted_path, contract, variable), variable
    contracts = ", ".join(contract.__qualname__ for contract in CONTRACTS.values())
    raise ConfigurationError(
        f"{variables} is {dotted_path!r}, which is {_described(found)}, expected a subclass of one of {contracts}"
    )


def _imported(dotted_path: object, variable: str, *contracts: type[Any]) -> object:
    if not isinstance(dotted_path, str) or not _DOTTED_PATH.fullmatch(dotted_path):
        raise ConfigurationError(
            f"{variable} is {dotted_path!r}, expected the dotted path of a class, package.module.Class"
        )
    module_name, _, name = dotted_path.rpartition(".")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise ConfigurationError(
            f"{variable} is {dotted_path!r}, but importing {module_name} failed with {described(error)}; "
            "correct the path, or install what is missing"
        ) from error
    if not hasattr(module, name):
        fitting = [known for known, value in vars(module).items() if _fits(value, contracts)]
        raise ConfigurationError(
            f"{variable} is {dotted_path!r}, but {module_name} has no {name!r}{closest(name, fitting)}, expected a "
            "class of that module"
        )
    return getattr(module, name)


def _fits(found: object, contracts: tuple[type[Any], ...]) -> bool:
    return isinstance(found, type) and issubclass(found, contracts) and not inspect.isabstract(found)


def _described(found: object) -> str:
    return "a class of another kind" if isinstance(found, type) else f"no class but of type {type(found).__name__}"
