"""The table of all settings.

A new one is a field here, a line in `.env.example` and a row in `docs/guide/settings.md`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from eventy.app.settings.kind import (
    DOTTED_PATH,
    MAX_BYTES,
    MAX_MEMORY_PARTITIONS,
    MAX_PORT,
    MS,
    PATH,
    SERVERS,
    SWITCH,
    TEXT,
    URL,
    choice,
    choice_or_none,
    number,
    whole,
)
from eventy.app.settings.variable import Variable, option, setting
from eventy.broker.kafka.contradictions import MECHANISMS, PROTOCOLS
from eventy.consumer.options import BOUNDS
from eventy.errors import SettingsError

_LOCAL = "schemas in AVRO_SCHEMAS_FOLDER, without a registry"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Settings:
    """The settings of an application; the representation hides secrets.

    Raises SettingsError for values that aren't allowed.
    """

    # what the application is made of
    event_serializer: str = setting(
        "EVENTY_EVENT_SERIALIZER",
        "eventy.serializer.avro.AvroEventSerializer",
        DOTTED_PATH,
        "turns events into bytes and back",
    )
    event_consumer: str = setting(
        "EVENTY_EVENT_CONSUMER",
        "eventy.consumer.memory.MemoryConsumer",
        DOTTED_PATH,
        "receives messages; on Kafka: `eventy.consumer.kafka.KafkaConsumer`",
    )
    event_emitter: str = setting(
        "EVENTY_EVENT_EMITTER",
        "eventy.emitter.memory.MemoryEmitter",
        DOTTED_PATH,
        "sends events; on Kafka: `eventy.emitter.kafka.KafkaProducer`",
    )

    # HTTP
    http_handler_host: str = setting(
        "EVENTY_HTTP_HANDLER_HOST",
        "127.0.0.1",
        TEXT,
        "the address to listen on; `0.0.0.0`, for a container: all of them",
    )
    http_handler_port: int = setting(
        "EVENTY_HTTP_HANDLER_PORT", 8000, whole(0, MAX_PORT), "the port to listen on; 0: one that is free"
    )
    http_access_log: bool = setting("EVENTY_HTTP_ACCESS_LOG", False, SWITCH, "whether each request is logged")
    http_debug: bool = setting("EVENTY_HTTP_DEBUG", False, SWITCH, "whether answers show tracebacks: not in production")

    # consuming
    consumer_max_retries: int = option(
        "EVENTY_CONSUMER_MAX_RETRIES", 10, whole(*BOUNDS["max_retries"]), "retries after the first attempt"
    )
    consumer_retry_interval: int = option(
        "EVENTY_CONSUMER_RETRY_INTERVAL", 1000, whole(*BOUNDS["retry_interval"], "ms"), "ms before the first retry"
    )
    consumer_retry_backoff_coeff: float = option(
        "EVENTY_CONSUMER_RETRY_BACKOFF_COEFF",
        2.0,
        number(*BOUNDS["retry_backoff_coeff"]),
        "the nth wait is the interval × this^(n-1)",
    )
    consumer_retry_max_interval: int = option(
        "EVENTY_CONSUMER_RETRY_MAX_INTERVAL",
        60_000,
        whole(*BOUNDS["retry_max_interval"], "ms"),
        "ms of the longest wait before a retry",
    )
    consumer_retry_jitter: float = option(
        "EVENTY_CONSUMER_RETRY_JITTER", 0.0, number(*BOUNDS["retry_jitter"]), "the share of each wait that is random"
    )
    consumer_on_exhausted: str = option(
        "EVENTY_CONSUMER_ON_EXHAUSTED",
        "stop",
        choice("stop", "dead_letter", "skip"),
        "what becomes of a message that is given up: the process fails, or it is put aside, or passed over",
    )
    consumer_delivery: str = option(
        "EVENTY_CONSUMER_DELIVERY",
        "at_least_once",
        choice("at_least_once", "exactly_once"),
        "what a crash does to what handlers send: it may repeat it, or everything is sent `exactly_once`",
    )
    consumer_concurrency: int = option(
        "EVENTY_CONSUMER_CONCURRENCY",
        1,
        whole(*BOUNDS["concurrency"]),
        "messages of a partition handled at once, those of one key in order",
    )
    consumer_slice_messages: int = option(
        "EVENTY_CONSUMER_SLICE_MESSAGES",
        2000,
        whole(*BOUNDS["slice_messages"]),
        "messages that are flushed and committed together, at most",
    )
    consumer_slice_time: int = option(
        "EVENTY_CONSUMER_SLICE_TIME",
        50,
        whole(*BOUNDS["slice_time"], "ms"),
        "ms after which what is done is flushed and committed",
    )
    consumer_max_poison: int = option(
        "EVENTY_CONSUMER_MAX_POISON",
        100,
        whole(*BOUNDS["max_poison"]),
        "undecodable messages in a row, in one partition, before the process fails",
    )
    consumer_stall_timeout: int = option(
        "EVENTY_CONSUMER_STALL_TIMEOUT",
        300_000,
        whole(*BOUNDS["stall_timeout"], "ms"),
        "ms after which a handler counts as stuck: the log shows where, and the process isn't ready",
    )
    consumer_replay_emits: bool = option(
        "EVENTY_CONSUMER_REPLAY_EMITS",
        False,
        SWITCH,
        "whether handlers' sends go out while a group replays",
    )

    # the process
    start_timeout: int = setting(
        "EVENTY_START_TIMEOUT", 60_000, MS, "ms that the broker may take to be reachable at start"
    )
    shutdown_timeout: int = setting(
        "EVENTY_SHUTDOWN_TIMEOUT", 30_000, MS, "ms that what runs may take to finish at the end"
    )
    memory_partitions: int = setting(
        "EVENTY_MEMORY_PARTITIONS", 4, whole(1, MAX_MEMORY_PARTITIONS), "partitions of a memory topic"
    )
    dead_letter_suffix: str = option(
        "EVENTY_DEAD_LETTER_SUFFIX", "-dlt", TEXT, "what the name of a dead-letter topic ends with"
    )
    log_level: str = setting(
        "EVENTY_LOG_LEVEL",
        "INFO",
        choice("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
        "the least level that is logged",
    )
    log_format: str = setting(
        "EVENTY_LOG_FORMAT",
        "console",
        choice("console", "json"),
        "how a line of the log looks; `json` needs the extra `json-logs`",
    )

    # schemas
    avro_schemas_folder: str = setting("AVRO_SCHEMAS_FOLDER", "avro_schemas", PATH, "the folder of the Avro schemas")
    avro_encoding: str = setting(
        "AVRO_ENCODING",
        "single_object",
        choice("single_object", "confluent", "container_file"),
        "how events are written; so far only `single_object`. That and container files are read, Confluent's not yet",
        only="'single_object'",
    )
    schema_registry_url: str | None = setting(
        "SCHEMA_REGISTRY_URL", None, URL, "the schema registry; not supported yet", only=_LOCAL
    )
    schema_registry_user: str | None = setting(
        "SCHEMA_REGISTRY_USER", None, TEXT, "who logs in at the registry; not supported yet", only=_LOCAL
    )
    schema_registry_password: str | None = setting(
        "SCHEMA_REGISTRY_PASSWORD", None, TEXT, "the password for it; not supported yet", only=_LOCAL, secret=True
    )

    # Kafka
    kafka_bootstrap_server: str | None = setting(
        "KAFKA_BOOTSTRAP_SERVER",
        None,
        SERVERS,
        "the brokers to begin with; needed by the Kafka backends, refused with the memory ones",
    )
    kafka_client_id: str = setting(
        "KAFKA_CLIENT_ID", "eventy", TEXT, "what the broker's logs and quotas call this application"
    )
    kafka_compression: str | None = setting(
        "KAFKA_COMPRESSION", None, choice_or_none("gzip", "snappy", "lz4", "zstd"), "how batches are compressed"
    )
    kafka_max_request_size: int = setting(
        "KAFKA_MAX_REQUEST_SIZE", 1_048_576, whole(1, MAX_BYTES, "bytes"), "bytes of the largest record that is sent"
    )
    kafka_session_timeout: int = setting(
        "KAFKA_SESSION_TIMEOUT", 45_000, MS, "ms of silence after which a member of a group is expelled"
    )
    kafka_rebalance_timeout: int = setting(
        "KAFKA_REBALANCE_TIMEOUT",
        60_000,
        MS,
        "ms for a member to finish what it does before its partitions go to another",
    )
    kafka_security_protocol: str = setting(
        "KAFKA_SECURITY_PROTOCOL",
        "plaintext",
        choice(*PROTOCOLS),
        "whether connections are encrypted (`ssl`), and whether the application logs in (`sasl`)",
    )
    kafka_sasl_mechanism: str | None = setting(
        "KAFKA_SASL_MECHANISM", None, choice(*MECHANISMS), "how to log in; with a `sasl` protocol"
    )
    kafka_username: str | None = setting("KAFKA_USERNAME", None, TEXT, "who logs in; with a `sasl` protocol")
    kafka_password: str | None = setting(
        "KAFKA_PASSWORD", None, TEXT, "the password for it; with a `sasl` protocol", secret=True
    )
    kafka_ssl_cafile: str | None = setting(
        "KAFKA_SSL_CAFILE",
        None,
        PATH,
        "the certificates of who signed the brokers' ones; unset: whom the system trusts",
    )
    kafka_ssl_certfile: str | None = setting(
        "KAFKA_SSL_CERTFILE", None, PATH, "the application's own certificate, for brokers that ask for one"
    )
    kafka_ssl_keyfile: str | None = setting("KAFKA_SSL_KEYFILE", None, PATH, "the key of that certificate")

    # the sample
    database_url: str = setting(
        "DATABASE_URL",
        "sqlite+aiosqlite:///payments.db",
        URL,
        "the sample's database; PostgreSQL: `postgresql+asyncpg://…`",
    )

    def __post_init__(self) -> None:
        mistakes = []
        for variable in VARIABLES.values():
            value = getattr(self, variable.field)
            try:
                if value is not None or variable.default is not None:
                    object.__setattr__(self, variable.field, variable.read(value))
            except ValueError as error:
                mistakes.append(variable.mistake(value, error, "Settings(…)"))
        if mistakes:
            raise SettingsError(mistakes)

    def __repr__(self) -> str:
        shown = (f"{one.field}={one.shown(getattr(self, one.field))}" for one in VARIABLES.values())
        return f"{type(self).__name__}({', '.join(shown)})"

    def as_dict(self) -> dict[str, Any]:
        """Return every field, secrets included, for `config.from_dict` of a container; None is a value there too."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


#: The table by the names of the variables, in its order.
VARIABLES: dict[str, Variable] = {one.name: one for one in map(Variable.of, fields(Settings))}
