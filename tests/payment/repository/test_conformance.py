"""The repositories that there are, by the suite. A new implementation is one more line in `SETS`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from payment.repository.base import ContractRepository, PaymentRepository
from payment.repository.database import Database
from payment.repository.memory import MemoryContractRepository, MemoryPaymentRepository
from payment.repository.sql import SqlContractRepository, SqlPaymentRepository
from tests.payment.repository.suite import *

Repositories = tuple[PaymentRepository, ContractRepository]

SETS = ["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest_asyncio.fixture(params=SETS)
async def repositories(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Repositories]:
    if request.param == "memory":
        yield MemoryPaymentRepository(), MemoryContractRepository()
        return
    is_sqlite = request.param == "sqlite"
    url = f"sqlite+aiosqlite:///{tmp_path}/payments.db" if is_sqlite else request.getfixturevalue("postgres_url")
    database = Database(url)
    await database.start()
    yield SqlPaymentRepository(database), SqlContractRepository(database)
    await database.stop()


@pytest.fixture
def payments(repositories: Repositories) -> PaymentRepository:
    return repositories[0]


@pytest.fixture
def contracts(repositories: Repositories) -> ContractRepository:
    return repositories[1]
