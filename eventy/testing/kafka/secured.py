"""Listeners of the test broker that ask for a password, or speak TLS."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from eventy.testing.kafka.process import free_port
from eventy.testing.kafka.unavailable import RealPartError, UnavailableError

USERNAME = "app"
PASSWORD = "app-secret"  # of a broker that lives as long as the tests
SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-512")

_LOGIN_MODULES = {
    "plain": f'org.apache.kafka.common.security.plain.PlainLoginModule required user_{USERNAME}="{PASSWORD}";',
    "scram-sha-256": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
    "scram-sha-512": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
}


@dataclass(frozen=True, slots=True)
class Secured:
    """Where they are, and what opens them: USERNAME with PASSWORD, by any mechanism.

    Parameters
        sasl_plaintext, ssl, sasl_ssl: addresses for `bootstrap_servers`, by protocol. `ssl` asks for a certificate.
        folder: where the certificates are.
    """

    sasl_plaintext: str
    ssl: str
    sasl_ssl: str
    folder: Path

    @classmethod
    def on_free_ports(cls, folder: Path) -> Secured:
        """Return listeners whose certificates aren't made yet."""
        one, two, three = (f"127.0.0.1:{free_port()}" for _ in range(3))
        return cls(one, two, three, folder)

    @property
    def broker_certificate(self) -> Path:
        """The broker's own, signed by itself: for `ssl_cafile`."""
        return self.folder / "broker.pem"

    @property
    def client_certificate(self) -> Path:
        """One that the broker trusts."""
        return self.folder / "client.pem"

    @property
    def client_key(self) -> Path:
        return self.folder / "client.key"

    def make_certificates(self) -> None:
        """Make them, which takes some 50 ms."""
        self.folder.mkdir()
        make_certificate(self.folder, "broker")
        make_certificate(self.folder, "client")
        # Kafka wants both in one file.
        both = (self.folder / "broker.key").read_text() + self.broker_certificate.read_text()
        (self.folder / "broker-with-key.pem").write_text(both)

    def added_to(self, properties: Mapping[str, str]) -> dict[str, str]:
        """Return a broker's properties with these listeners among the others."""
        protocols = {"SASL_PLAINTEXT": self.sasl_plaintext, "SSL": self.ssl, "SASL_SSL": self.sasl_ssl}
        addresses = [f"{protocol}://{address}" for protocol, address in protocols.items()]
        listeners = ("listeners", "advertised.listeners")
        return {
            **properties,
            **{name: ",".join([properties[name], *addresses]) for name in listeners},
            "listener.security.protocol.map": ",".join(
                [properties["listener.security.protocol.map"], *(f"{one}:{one}" for one in protocols)]
            ),
            "sasl.enabled.mechanisms": ",".join(["PLAIN", *SCRAM]),
            **{
                f"listener.name.{listener}.{mechanism}.sasl.jaas.config": module
                for listener in ("sasl_plaintext", "sasl_ssl")
                for mechanism, module in _LOGIN_MODULES.items()
            },
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self.folder / "broker-with-key.pem"),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.client_certificate),
            "listener.name.ssl.ssl.client.auth": "required",
        }

    def users(self) -> list[str]:
        """Return the arguments that make the user for SCRAM when the storage is formatted."""
        return [f"--add-scram={mechanism}=[name={USERNAME},password={PASSWORD}]" for mechanism in SCRAM]


def can_make_certificates() -> bool:
    return shutil.which("openssl") is not None


def make_certificate(folder: Path, name: str, passphrase: str | None = None) -> None:
    """Make `<name>.pem` and `<name>.key` for 127.0.0.1, valid for two days. Raises UnavailableError without openssl."""
    if not can_make_certificates():
        raise UnavailableError("no certificates for TLS: install openssl")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2"]
    command += ["-nodes"] if passphrase is None else ["-passout", f"pass:{passphrase}"]
    command += ["-subj", f"/CN={name}", "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem"]
    for extension in ("subjectAltName=IP:127.0.0.1", "keyUsage=critical,digitalSignature,keyCertSign"):
        command += ["-addext", extension]
    run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise RealPartError(f"openssl couldn't make a certificate:\n{run.stderr}")
