"""TLS towards the brokers: whom to trust, and who we are."""

from __future__ import annotations

import ssl
from pathlib import Path

# What the files have to be, in words.
CERTIFICATES = "a file of certificates in PEM"
CERTIFICATE = "a file with a certificate in PEM"
KEY = "a file with a key in PEM, without a passphrase"


def tls_context(cafile: str | None, certfile: str | None, keyfile: str | None) -> ssl.SSLContext:
    """Return the context for every connection; host names are checked.

    Parameters
        cafile: who signed the brokers' certificates; None: whom the system trusts.
        certfile, keyfile: our own certificate and its key; None: the brokers ask for none.

    Raises OSError, of which ssl.SSLError is a kind, or ValueError for a file that can't be used.
    """
    context = ssl.create_default_context(cafile=cafile)
    if certfile:
        context.load_cert_chain(certfile, keyfile, password=_no_passphrase)
    return context


def cannot_be_read(path: str) -> str | None:
    """Return why, or None if it can."""
    try:
        with Path(path).open("rb"):
            return None
    except (OSError, ValueError) as error:
        return _reason(error)


def cannot_be_trusted(cafile: str) -> str | None:
    """Return why a file isn't one of certificates, or None if it is."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile)
    except (OSError, ValueError) as error:
        return _reason(error)
    return None


def cannot_be_shown(certfile: str, keyfile: str) -> str | None:
    """Return why two files aren't a certificate and its key, or None if they are."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certfile, keyfile, password=_no_passphrase)
    except (OSError, ValueError) as error:
        return _reason(error)
    return None


def _no_passphrase() -> str:
    """Refuse: without this OpenSSL would ask at the terminal, and wait."""
    raise ValueError("the key is encrypted by a passphrase")


def _reason(error: OSError | ValueError) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text.partition(" (_ssl.c:")[0]  # a place in the interpreter's own source
