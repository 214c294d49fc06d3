"""The kinds of values: how each is read from text or from Python's own value, and what is allowed, in words."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from eventy.consumer.options import MAX_MS, ConsumerOptions, within
from eventy.errors import ConfigurationError

T = TypeVar("T")
N = TypeVar("N", int, float)
T_co = TypeVar("T_co", covariant=True)

MAX_PORT = 65_535
#: Kafka's clients keep sizes in 32 bits.
MAX_BYTES = 2**31 - 1
#: Each partition has a worker in each consumer.
MAX_MEMORY_PARTITIONS = 1_000

_SWITCHES = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S*")
_SERVER = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:,/@\[\]]+):(\d{1,5})")


@dataclass(frozen=True, slots=True)
class Kind(Generic[T_co]):
    """A kind of value.

    Parameters
        allowed: what is, in words.
        read: returns the value, or raises ValueError with what follows "X is 'y', …" in the report of a mistake.
        bounds: of numbers, in words.
    """

    allowed: str
    read: Callable[[object], T_co]
    bounds: str | None = None


def kind(allowed: str, convert: Callable[[object], T], bounds: str | None = None) -> Kind[T]:
    """Return the kind of whatever `convert` takes without a ValueError."""

    def read(value: object) -> T:
        try:
            return convert(value)
        except ValueError:
            raise ValueError(f"expected {allowed}") from None

    return Kind(allowed, read, bounds)


def whole(least: int, most: int | None, unit: str = "") -> Kind[int]:
    """Return the kind of whole numbers within both bounds."""

    def convert(value: object) -> int:
        if isinstance(value, bool):
            raise ValueError
        return _bounded(int(str(value)), least, most)

    return kind(f"a whole number{unit and f' of {unit}'}, {within(least, most)}", convert, within(least, most))


def number(least: int, most: int | None) -> Kind[float]:
    """Return the kind of numbers within both bounds."""

    def convert(value: object) -> float:
        if isinstance(value, bool) or not math.isfinite(found := float(str(value))):
            raise ValueError
        return _bounded(found, least, most)

    return kind(f"a number, {within(least, most)}", convert, within(least, most))


def _bounded(found: N, least: int, most: int | None) -> N:
    if found < least or (most is not None and found > most):
        raise ValueError
    return found


def choice(*words: str) -> Kind[str]:
    """Return the kind of these words; upper and lower case are alike."""

    def convert(value: object) -> str:
        for word in words:
            if str(value).casefold() == word.casefold():
                return word
        raise ValueError

    return kind(_either(words), convert)


def choice_or_none(*words: str) -> Kind[str | None]:
    """Return the kind of these words and `none`."""
    some = choice(*words, "none")
    return Kind(some.allowed, lambda value: None if some.read(value) == "none" else some.read(value))


def consumer_option(name: str, base: Kind[T]) -> Kind[T]:
    """Return the kind of one of ConsumerOptions' fields, which itself says what it takes."""

    def read(value: object) -> T:
        option = base.read(value)
        try:
            ConsumerOptions(**{name: option})  # type: ignore[arg-type]  # the field's type is base's
        except ConfigurationError as error:
            raise ValueError(str(error).removeprefix(f"{name} is {option!r}, ")) from None
        return option

    return Kind(base.allowed, read, base.bounds)


def _either(words: tuple[str, ...]) -> str:
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _switch(value: object) -> bool:
    try:
        return _SWITCHES[str(value).casefold()]
    except KeyError:
        raise ValueError from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


def _path(value: object) -> str:
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    return _text(value)


def _url(value: object) -> str:
    if not _URL.fullmatch(text := _text(value)):
        raise ValueError
    return text


def _servers(value: object) -> str:
    servers = [server.strip() for server in _text(value).split(",")]
    for server in servers:
        match = _SERVER.fullmatch(server)
        if match is None or not 1 <= int(match[2]) <= MAX_PORT:
            raise ValueError
    return ",".join(servers)


SWITCH = kind("on or off (true or false, yes or no, 1 or 0)", _switch)
MS = whole(1, MAX_MS, "ms")
TEXT = kind("text", _text)
PATH = kind("a path", _path)
DOTTED_PATH = kind("the dotted path of a class, package.module.Class", _text)
URL = kind("a URL, scheme://…", _url)
SERVERS = kind("host:port, or several with commas between", _servers)
