"""What clients send, checked: all mistakes at once, each with its field."""

from __future__ import annotations

import json
import re
import reprlib
from collections.abc import Iterable, Mapping

from payment.errors import InvalidRequestError, Mistake

# Characters. Identifiers, the last segment of an address too.
LONGEST_ID = 100

# The largest integer that an Avro long and a BIGINT column hold.
LARGEST_INTEGER = 2**63 - 1

# Digits of an integer that are read: more than any that is accepted, and not so many that reading takes long.
_DIGITS = 30

_UNKNOWN_FIELDS_NAMED = 20


def read_object(body: bytes) -> dict[str, object]:
    """Return the fields of a JSON object. Raises InvalidRequestError when the body is something else."""
    try:
        found = json.loads(body.decode("utf-8"), parse_int=lambda digits: int(digits[:_DIGITS]))
    except UnicodeDecodeError as error:
        raise _unusable(f"isn't UTF-8 from byte {error.start} on, expected a JSON object") from error
    except ValueError as error:
        raise _unusable(f"isn't JSON ({error}), expected a JSON object") from error
    except RecursionError as error:
        raise _unusable("is nested too deeply, expected a JSON object of plain values") from error
    if not isinstance(found, dict):
        raise _unusable(f"is {shown(found)}, expected a JSON object")
    return found


class Fields:
    """Takes the values of a request one after the other and collects the mistakes; `check` raises them.

    Parameters
        values: as the client sent them. A value with a mistake is handed out as "" or 0, until `check`.
    """

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values
        self._mistakes: list[Mistake] = []
        self._taken: set[str] = set()

    def text(self, name: str, longest: int) -> str:
        """Take a text that isn't blank.

        Parameters
            longest: characters.
        """
        expected = f"expected a text of 1 to {longest} characters"
        value = self._take(name, expected)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.refuse(name, f"is {shown(value)}, {expected}")
        elif not value.strip():
            self.refuse(name, f"is empty, {expected}")
        elif len(value) > longest:
            self.refuse(name, f"has {len(value)} characters, {expected}")
        elif not is_storable(value):
            self.refuse(name, f"is {shown(value)}, {expected} without NUL and lone surrogates, which can't be stored")
        else:
            return value
        return ""

    def integer(self, name: str, least: int, most: int = LARGEST_INTEGER) -> int:
        """Take an integer: `12`, but neither `12.0` nor `"12"` nor `true`."""
        expected = f"expected an integer from {least} to {most}"
        value = self._take(name, expected)
        if value is None:
            return 0
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        self.refuse(name, f"is {shown(value)}, {expected}")
        return 0

    def choice(self, name: str, allowed: Iterable[str]) -> str:
        """Take one of some texts."""
        allowed = tuple(allowed)
        expected = "expected " + " or ".join(f'"{one}"' for one in allowed)
        value = self._take(name, expected)
        if value is None:
            return ""
        if isinstance(value, str) and value in allowed:
            return value
        self.refuse(name, f"is {shown(value)}, {expected}")
        return ""

    def match(self, name: str, pattern: re.Pattern[str], expected: str, longest: int) -> str:
        """Take a text of a form and return what the pattern's first group found in it.

        Parameters
            expected: the form, for people.
            longest: characters.
        """
        value = self.text(name, longest)
        if not value:
            return ""
        found = pattern.fullmatch(value)
        if found is None:
            self.refuse(name, f"is {shown(value)}, expected {expected}")
            return ""
        return found[1]

    def refuse_others(self) -> None:
        """Count what hasn't been taken as mistakes: a misspelt field must not go unnoticed."""
        others = [name for name in self._values if name not in self._taken]
        for name in others[:_UNKNOWN_FIELDS_NAMED]:
            known = ", ".join(sorted(self._taken))
            self.refuse(_printable(name), f"is unknown, expected only {known}; leave it out")

    def refuse(self, name: str, message: str) -> None:
        """Collect a mistake."""
        self._mistakes.append(Mistake(name, message))

    def check(self) -> None:
        """Raise InvalidRequestError when there was any mistake."""
        if self._mistakes:
            raise InvalidRequestError(self._mistakes)

    def _take(self, name: str, expected: str) -> object:
        self._taken.add(name)
        if name not in self._values:
            self.refuse(name, f"is missing, {expected}")
            return None
        if self._values[name] is None:
            self.refuse(name, f"is null, {expected}")
        return self._values[name]


def is_id(text: str) -> bool:
    """Return whether a part of an address can be an id at all."""
    return bool(text.strip()) and len(text) <= LONGEST_ID and is_storable(text)


def is_storable(text: str) -> bool:
    """Return whether a text can be kept: PostgreSQL refuses NUL, and a lone surrogate has no UTF-8.

    Nor can the sign that stands for bytes which were no UTF-8: different ones would become the same text.
    """
    return not any(character in "\0\ufffd" or "\ud800" <= character <= "\udfff" for character in text)


def shown(value: object) -> str:
    """Return a value in JSON, shortened where it is long."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str):
        return json.dumps(value if len(value) <= LONGEST_ID else f"{value[:LONGEST_ID]}...")
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    return reprlib.repr(value)


def _printable(name: str) -> str:
    return name[:LONGEST_ID].encode("utf-8", "backslashreplace").decode()


def _unusable(message: str) -> InvalidRequestError:
    return InvalidRequestError([Mistake("body", message)])
