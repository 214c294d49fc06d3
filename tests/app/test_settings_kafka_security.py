"""Settings of Kafka's security that don't fit together, or whose files can't be used."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from eventy.app.settings import Settings, load_settings, settings_from
from eventy.errors import SettingsError
from eventy.testing.kafka.secured import make_certificate
from eventy.testing.kafka.unavailable import UnavailableError, skip_or_fail

LOGIN = {
    "KAFKA_SECURITY_PROTOCOL": "sasl_ssl",
    "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
    "KAFKA_USERNAME": "payment",
    "KAFKA_PASSWORD": "hush",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def certificates(folder: Path) -> Path:
    """A folder with `one.pem` and `one.key`, `other.pem` and `other.key`."""
    try:
        make_certificate(folder, "one")
        make_certificate(folder, "other")
    except UnavailableError as error:
        skip_or_fail(error)
    return folder


def mistakes(environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(environ)
    assert "hush" not in str(caught.value)
    return list(caught.value.mistakes)


def mistake(environ: dict[str, str]) -> str:
    (only,) = mistakes(environ)
    return only


@pytest.mark.parametrize("protocol", ["sasl_ssl", "SASL_PLAINTEXT"])
def test_login_is_accepted(protocol: str) -> None:
    settings = load_settings({**LOGIN, "KAFKA_SECURITY_PROTOCOL": protocol, "KAFKA_SASL_MECHANISM": "scram-sha-512"})
    assert settings.kafka_security_protocol == protocol.lower()
    assert (settings.kafka_sasl_mechanism, settings.kafka_username) == ("SCRAM-SHA-512", "payment")
    assert settings.kafka_password == "hush"
    assert "hush" not in repr(settings)


def test_tls_needs_no_files() -> None:
    assert load_settings({"KAFKA_SECURITY_PROTOCOL": "ssl"}).kafka_ssl_cafile is None


def test_files_are_accepted(certificates: Path) -> None:
    files = {"KAFKA_SSL_CAFILE": "other.pem", "KAFKA_SSL_CERTFILE": "one.pem", "KAFKA_SSL_KEYFILE": "one.key"}
    assert load_settings({**LOGIN, **files}).kafka_ssl_keyfile == "one.key"


def test_everything_that_a_login_lacks_is_named() -> None:
    assert mistakes({"KAFKA_SECURITY_PROTOCOL": "sasl_plaintext"}) == [
        (
            f"{variable} isn't set, expected {expected}, since KAFKA_SECURITY_PROTOCOL is 'sasl_plaintext': "
            "set it, or change KAFKA_SECURITY_PROTOCOL in the environment"
        )
        for variable, expected in {
            "KAFKA_SASL_MECHANISM": "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512",
            "KAFKA_USERNAME": "who logs in",
            "KAFKA_PASSWORD": "the password",
        }.items()
    ]


@pytest.mark.parametrize("left_out", ["KAFKA_SASL_MECHANISM", "KAFKA_USERNAME", "KAFKA_PASSWORD"])
def test_login_needs_each_of_its_three(left_out: str) -> None:
    assert mistake({**LOGIN, left_out: ""}).startswith(f"{left_out} isn't set, expected ")


def test_login_that_the_protocol_does_not_use_is_refused(folder: Path) -> None:
    (folder / ".env").write_text("KAFKA_SASL_MECHANISM=PLAIN\nKAFKA_USERNAME=payment\n")
    assert mistake({"KAFKA_PASSWORD": "hush"}) == (
        "KAFKA_SASL_MECHANISM, KAFKA_USERNAME and KAFKA_PASSWORD are set, but KAFKA_SECURITY_PROTOCOL is 'plaintext', "
        "which doesn't log in: set KAFKA_SECURITY_PROTOCOL=sasl_ssl, or sasl_plaintext for a network that is yours "
        "alone, or remove KAFKA_SASL_MECHANISM, KAFKA_USERNAME and KAFKA_PASSWORD in .env and the environment"
    )
    assert mistake({"KAFKA_SECURITY_PROTOCOL": "ssl"}) == (
        "KAFKA_SASL_MECHANISM and KAFKA_USERNAME are set, but KAFKA_SECURITY_PROTOCOL is 'ssl', which doesn't log in: "
        "set KAFKA_SECURITY_PROTOCOL=sasl_ssl, or remove KAFKA_SASL_MECHANISM and KAFKA_USERNAME in .env"
    )


@pytest.mark.parametrize(("protocol", "better"), [("plaintext", "ssl or sasl_ssl"), ("sasl_plaintext", "sasl_ssl")])
def test_files_that_the_protocol_does_not_use_are_refused(certificates: Path, protocol: str, better: str) -> None:
    login = LOGIN if protocol == "sasl_plaintext" else {}
    assert mistake({**login, "KAFKA_SECURITY_PROTOCOL": protocol, "KAFKA_SSL_CAFILE": "one.pem"}) == (
        f"KAFKA_SSL_CAFILE is set, but KAFKA_SECURITY_PROTOCOL is '{protocol}', which doesn't use TLS: set "
        f"KAFKA_SECURITY_PROTOCOL={better}, or remove KAFKA_SSL_CAFILE in the environment"
    )


@pytest.mark.parametrize(
    ("given", "missing", "file"),
    [
        ("KAFKA_SSL_CERTFILE", "KAFKA_SSL_KEYFILE", "a file with a key in PEM, without a passphrase"),
        ("KAFKA_SSL_KEYFILE", "KAFKA_SSL_CERTFILE", "a file with a certificate in PEM"),
    ],
)
def test_certificate_and_key_need_each_other(certificates: Path, given: str, missing: str, file: str) -> None:
    assert mistake({"KAFKA_SECURITY_PROTOCOL": "ssl", given: "one.pem"}) == (
        f"{missing} isn't set, expected {file}, to go with {given}: "
        f"set it, to the same file if both are in there, or remove {given} in the environment"
    )


def test_file_with_certificate_and_key_is_accepted_for_both(certificates: Path) -> None:
    (certificates / "both.pem").write_text(
        (certificates / "one.pem").read_text() + (certificates / "one.key").read_text()
    )
    both = {"KAFKA_SSL_CERTFILE": "both.pem", "KAFKA_SSL_KEYFILE": "both.pem"}
    assert load_settings({"KAFKA_SECURITY_PROTOCOL": "ssl", **both}).kafka_ssl_certfile == "both.pem"


def test_files_that_are_not_there_are_all_named() -> None:
    files = {"KAFKA_SSL_CAFILE": "ca.pem", "KAFKA_SSL_CERTFILE": "me.pem", "KAFKA_SSL_KEYFILE": "me.key"}
    assert mistakes({"KAFKA_SECURITY_PROTOCOL": "ssl", **files}) == [
        (
            f"{variable} is '{file}', which can't be read: No such file or directory, expected {expected}: "
            "correct the path in the environment, or the file"
        )
        for variable, file, expected in [
            ("KAFKA_SSL_CAFILE", "ca.pem", "a file of certificates in PEM"),
            ("KAFKA_SSL_CERTFILE", "me.pem", "a file with a certificate in PEM"),
            ("KAFKA_SSL_KEYFILE", "me.key", "a file with a key in PEM, without a passphrase"),
        ]
    ]


def test_file_without_certificates_is_refused(folder: Path) -> None:
    (folder / "ca.pem").write_text("not a certificate")
    found = mistake({"KAFKA_SECURITY_PROTOCOL": "ssl", "KAFKA_SSL_CAFILE": "ca.pem"})
    assert found.startswith("KAFKA_SSL_CAFILE is 'ca.pem', which can't be used: ")
    assert found.endswith("expected a file of certificates in PEM: correct the path in the environment, or the file")


def test_key_of_another_certificate_is_refused(certificates: Path) -> None:
    files = {"KAFKA_SSL_CERTFILE": "one.pem", "KAFKA_SSL_KEYFILE": "other.key"}
    found = mistake({"KAFKA_SECURITY_PROTOCOL": "ssl", **files})
    assert found.startswith(
        "KAFKA_SSL_CERTFILE is 'one.pem' and KAFKA_SSL_KEYFILE is 'other.key', which can't be used: "
        "[X509: KEY_VALUES_MISMATCH] key values mismatch, expected "
    )


def test_key_with_a_passphrase_is_refused_without_asking_for_it(certificates: Path) -> None:
    make_certificate(certificates, "locked", passphrase="hush")
    files = {"KAFKA_SSL_CERTFILE": "locked.pem", "KAFKA_SSL_KEYFILE": "locked.key"}
    assert "the key is encrypted by a passphrase" in mistake({"KAFKA_SECURITY_PROTOCOL": "ssl", **files})


def test_wrong_value_is_neither_missing_nor_judged_again() -> None:
    assert mistake({**LOGIN, "KAFKA_SASL_MECHANISM": "GSSAPI"}).startswith("KAFKA_SASL_MECHANISM is 'GSSAPI', expected")
    assert mistake({**LOGIN, "KAFKA_SECURITY_PROTOCOL": "tls"}).startswith("KAFKA_SECURITY_PROTOCOL is 'tls', expected")
    (only,) = mistakes({**LOGIN, "KAFKA_USERNAME": "payment # ours"})
    assert "a comment on a line of its own" in only


def test_contradictions_are_named_together_with_all_other_mistakes() -> None:
    found = mistakes({"EVENTY_HTTP_HANDLER_PORT": "x", "KAFKA_PASSWORD": "hush"})
    assert [line.partition(" ")[0] for line in found] == ["EVENTY_HTTP_HANDLER_PORT", "KAFKA_PASSWORD"]


def test_object_with_contradictions_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"KAFKA_USERNAME is set, but .* remove KAFKA_USERNAME in SimpleNamespace"):
        settings_from(SimpleNamespace(KAFKA_USERNAME="payment"))


def test_settings_that_somebody_made_are_judged_too() -> None:
    with pytest.raises(SettingsError, match="KAFKA_PASSWORD isn't set"):
        settings_from(Settings(kafka_security_protocol="sasl_ssl", kafka_sasl_mechanism="PLAIN", kafka_username="me"))
