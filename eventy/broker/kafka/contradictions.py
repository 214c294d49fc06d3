"""Security settings that don't fit together, or whose files can't be used."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from eventy.broker.kafka.tls import (
    CERTIFICATE,
    CERTIFICATES,
    KEY,
    cannot_be_read,
    cannot_be_shown,
    cannot_be_trusted,
)

PROTOCOLS = ("plaintext", "ssl", "sasl_plaintext", "sasl_ssl")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")

PROTOCOL = "KAFKA_SECURITY_PROTOCOL"
MECHANISM = "KAFKA_SASL_MECHANISM"
USERNAME = "KAFKA_USERNAME"
PASSWORD = "KAFKA_PASSWORD"
CAFILE = "KAFKA_SSL_CAFILE"
CERTFILE = "KAFKA_SSL_CERTFILE"
KEYFILE = "KAFKA_SSL_KEYFILE"
SECURITY = (PROTOCOL, MECHANISM, USERNAME, PASSWORD, CAFILE, CERTFILE, KEYFILE)


def listed(words: Sequence[str], conjunction: str) -> str:
    """Return "one, two and three"."""
    return f" {conjunction} ".join(filter(None, (", ".join(words[:-1]), words[-1])))


_LOGIN = {MECHANISM: listed(MECHANISMS, "or"), USERNAME: "who logs in", PASSWORD: "the password"}
_FILES = {CAFILE: CERTIFICATES, CERTFILE: CERTIFICATE, KEYFILE: KEY}

# What to set instead of a protocol that doesn't log in, or doesn't encrypt.
_WITH_LOGIN = {"plaintext": "sasl_ssl, or sasl_plaintext for a network that is yours alone", "ssl": "sasl_ssl"}
_WITH_TLS = {"plaintext": "ssl or sasl_ssl", "sasl_plaintext": "sasl_ssl"}


def logs_in(protocol: str) -> bool:
    """Return whether a protocol needs a user."""
    return protocol.startswith("sasl_")


def encrypts(protocol: str) -> bool:
    """Return whether a protocol is TLS, with or without a user."""
    return protocol.endswith("ssl")


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody has set.

    Parameters
        values: by the names of the variables, without those that are unset; the protocol always.
        unusable: variables that are set, to what somebody else has reported: neither missing nor judged here.
        where: as in "change it in …", by the names of the variables.
    """

    values: Mapping[str, str]
    unusable: Collection[str] = ()
    where: Mapping[str, str] = field(default_factory=dict)

    def has(self, variable: str) -> bool:
        return variable in self.values or variable in self.unusable

    def place(self, *variables: str) -> str:
        """Return " in …" for the end of a sentence."""
        places = dict.fromkeys(self.where[one] for one in variables if one in self.where)
        return f" in {' and '.join(places)}" if places else ""


def contradictions(given: Given) -> Iterator[str]:
    """Find what doesn't fit: a line for each, with what was found, what is expected and what to do."""
    if PROTOCOL not in given.unusable:
        protocol = given.values[PROTOCOL]
        if logs_in(protocol):
            yield from _missing(given, protocol)
        else:
            yield from _unused(given, _LOGIN, "doesn't log in", _WITH_LOGIN[protocol])
        if not encrypts(protocol):
            yield from _unused(given, _FILES, "doesn't use TLS", _WITH_TLS[protocol])
    yield from _halves(given)
    yield from _unreadable(given)


def _missing(given: Given, protocol: str) -> Iterator[str]:
    for variable, expected in _LOGIN.items():
        if not given.has(variable):
            yield (
                f"{variable} isn't set, expected {expected}, since {PROTOCOL} is {protocol!r}: "
                f"set it, or change {PROTOCOL}{given.place(PROTOCOL)}"
            )


def _unused(given: Given, variables: Collection[str], why: str, better: str) -> Iterator[str]:
    found = [variable for variable in variables if given.has(variable)]
    if found:
        names = listed(found, "and")
        yield (
            f"{names} {'is' if len(found) == 1 else 'are'} set, but {PROTOCOL} is {given.values[PROTOCOL]!r}, which "
            f"{why}: set {PROTOCOL}={better}, or remove {names}{given.place(*found)}"
        )


def _halves(given: Given) -> Iterator[str]:
    for one, other in ((CERTFILE, KEYFILE), (KEYFILE, CERTFILE)):
        if given.has(one) and not given.has(other):
            yield (
                f"{other} isn't set, expected {_FILES[other]}, to go with {one}: "
                f"set it, to the same file if both are in there, or remove {one}{given.place(one)}"
            )


def _unreadable(given: Given) -> Iterator[str]:
    paths = {variable: given.values[variable] for variable in _FILES if variable in given.values}
    unreadable = {variable: reason for variable, path in paths.items() if (reason := cannot_be_read(path))}
    for variable, reason in unreadable.items():
        yield (
            f"{variable} is {paths[variable]!r}, which can't be read: {reason}, expected {_FILES[variable]}: "
            f"correct the path{given.place(variable)}, or the file"
        )
    usable = {variable: path for variable, path in paths.items() if variable not in unreadable}
    if CAFILE in usable and (reason := cannot_be_trusted(usable[CAFILE])):
        yield (
            f"{CAFILE} is {usable[CAFILE]!r}, which can't be used: {reason}, expected {CERTIFICATES}: "
            f"correct the path{given.place(CAFILE)}, or the file"
        )
    if CERTFILE in usable and KEYFILE in usable and (reason := cannot_be_shown(usable[CERTFILE], usable[KEYFILE])):
        yield (
            f"{CERTFILE} is {usable[CERTFILE]!r} and {KEYFILE} is {usable[KEYFILE]!r}, which can't be used: {reason}, "
            f"expected {CERTIFICATE}, and {KEY}: correct the paths{given.place(CERTFILE, KEYFILE)}, or the files"
        )
