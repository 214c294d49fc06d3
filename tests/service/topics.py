"""The topics of the sample and of the original README's program: given names, so each test makes them anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka.admin import AIOKafkaAdminClient

from eventy.testing.kafka.topics import create_topics

PARTITIONS = {"payment-commands": 4, "payment-events": 4, "contract-events": 2}


@asynccontextmanager
async def fresh_topics(bootstrap: str) -> AsyncIterator[None]:
    """Make the topics, which must not be there yet; remove them, and so their groups' offsets, afterwards."""
    await create_topics(bootstrap, PARTITIONS)
    try:
        yield
    finally:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        try:
            await admin.delete_topics(list(PARTITIONS))
            async with asyncio.timeout(30):
                while PARTITIONS.keys() & set(await admin.list_topics()):  # noqa: ASYNC110 - only asking tells
                    await asyncio.sleep(0.05)
        finally:
            await admin.close()
