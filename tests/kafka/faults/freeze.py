"""A process that freezes in a moment which nobody could hit from outside."""

from __future__ import annotations

import os
import signal

from aiokafka import AIOKafkaProducer


def freeze_in_a_transaction() -> None:
    """Have this process stop (SIGSTOP) when all of its first transaction is at the broker but the commit."""
    commit, pending = AIOKafkaProducer.commit_transaction, [True]

    async def freeze_then_commit(producer: AIOKafkaProducer) -> None:
        if pending and producer._txn_manager.txn_partitions:
            pending.clear()
            os.kill(os.getpid(), signal.SIGSTOP)
        await commit(producer)

    AIOKafkaProducer.commit_transaction = freeze_then_commit
