"""What the payment domain keeps."""

from __future__ import annotations

from dependency_injector import containers, providers

from payment.repository.database import Database
from payment.repository.sql import SqlContractRepository, SqlPaymentRepository
from payment.statistics import PaymentStatistics


class PaymentContainer(containers.DeclarativeContainer):
    """Repositories over one database, and a view in memory."""

    config = providers.Configuration(strict=True)

    database = providers.Singleton(Database, config.database_url)
    payment_repository = providers.Singleton(SqlPaymentRepository, database)
    contract_repository = providers.Singleton(SqlContractRepository, database)
    statistics = providers.Singleton(PaymentStatistics)
