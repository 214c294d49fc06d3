"""What the payment domain keeps."""

from __future__ import annotations

from dependency_injector import containers, providers
from prometheus_client import CollectorRegistry

from payment.metrics import PaymentMetrics
from payment.repository.database import Database
from payment.repository.sql import SqlContractRepository, SqlPaymentRepository
from payment.statistics import PaymentStatistics


class PaymentContainer(containers.DeclarativeContainer):
    """Repositories over one database, a view in memory, and what operators see of it."""

    config = providers.Configuration(strict=True)
    metric_registry = providers.Dependency(instance_of=CollectorRegistry)

    database = providers.Singleton(Database, config.database_url)
    payment_repository = providers.Singleton(SqlPaymentRepository, database)
    contract_repository = providers.Singleton(SqlContractRepository, database)
    statistics = providers.Singleton(PaymentStatistics)
    metrics = providers.Singleton(PaymentMetrics, metric_registry, statistics)
