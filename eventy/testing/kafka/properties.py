"""How the test broker is configured, whatever runs it: one node that is broker and controller (KRaft)."""

from __future__ import annotations

CLUSTER_ID = "ZXZlbnR5LXRlc3RzLTAwMA"  # 16 bytes in base64, as `kafka-storage random-uuid` makes them


def kafka_properties(*, listen: str, port: int, controller_port: int, data: str) -> dict[str, str]:
    """Return the broker's properties; `listen` is the address it binds, clients are told 127.0.0.1."""
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{listen}:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": data,
        # One node: nothing can be replicated, and internal topics of 50 partitions would slow each start.
        "default.replication.factor": "1",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "1",
        # A misspelt topic is an error in a test, not a new topic.
        "auto.create.topics.enable": "false",
        # Groups form at once, and a killed member is missed within a second.
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",
        # A transaction that takes too long is given up when its time is over; by default that is noticed every 10 s.
        "transaction.abort.timed.out.transaction.cleanup.interval.ms": "250",
        # A killed broker may register again only when its last session is over: by default that takes 9 s.
        "broker.session.timeout.ms": "2000",
        "broker.heartbeat.interval.ms": "250",
    }
