"""What consumers have done, and what they do, as metrics: read when somebody asks, so that no message pays for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from eventy.consumer.engine import EngineConsumer
from eventy.consumer.run import Run

# Bounded by what an application is made of: no keys, no ids, no names that messages bring.
_LABELS = ("consumer", "group")

# By the names of what `Counts` has.
_COUNTERS: Mapping[str, tuple[str, str]] = {
    "handled": ("eventy_messages_handled", "Messages whose handlers have returned, or for which there were none."),
    "retried": ("eventy_messages_retried", "Attempts that failed and were to be made again."),
    "skipped": ("eventy_messages_skipped", "Messages given up and passed over."),
    "dead_lettered": ("eventy_messages_dead_lettered", "Messages given up and written to a dead-letter topic."),
    "poison": ("eventy_messages_poison", "Messages that can't be decoded."),
    "tombstones_passed_over": (
        "eventy_tombstones_passed_over",
        "Records without a value that nothing is registered for; they are among the handled ones too.",
    ),
    "transactions_discarded": (
        "eventy_transactions_discarded",
        "Transactions that failed or whose outcome wasn't known at once; nothing of them was lost or doubled.",
    ),
    "transactions_fenced": ("eventy_transactions_fenced", "Of those, the ones another producer with their id fenced."),
    "partitions_moved": ("eventy_partitions_moved", "Partitions begun again, since somebody else had gone on."),
}
_GAUGES: Mapping[str, tuple[str, Callable[[Run], float]]] = {
    "eventy_consumer_assigned_partitions": ("Partitions that the consumer has.", lambda run: len(run.partitions())),
    "eventy_handlers_running": ("Messages whose handlers run.", lambda run: len(run.running())),
    "eventy_handlers_stalled": (
        "Of those, the ones that have run longer than EVENTY_CONSUMER_STALL_TIMEOUT.",
        lambda run: len(run.stalled()),
    ),
    "eventy_handler_age_seconds": (
        "How long the handlers of the message have run that have run longest; 0 when none run.",
        lambda run: run.longest(),
    ),
    "eventy_messages_awaiting_retry": ("Messages that wait for their next attempt.", lambda run: len(run.waiting())),
}


def metrics_of(consumers: Mapping[str, EngineConsumer[Any]]) -> Iterator[Metric]:
    """Yield the metrics of consumers, by what these are called in the application; every one, though it be empty."""
    for count, (name, text) in _COUNTERS.items():
        counter = CounterMetricFamily(name, text, labels=_LABELS)
        for called, consumer in consumers.items():
            counter.add_metric(_labels(called, consumer), getattr(consumer.counts, count))
        yield counter
    runs = {called: consumer.run for called, consumer in consumers.items()}
    for name, (text, value) in _GAUGES.items():
        gauge = GaugeMetricFamily(name, text, labels=_LABELS)
        for called, run in runs.items():
            if run is not None:
                gauge.add_metric(_labels(called, consumers[called]), value(run))
        yield gauge
    lag = GaugeMetricFamily(
        "eventy_consumer_lag",
        "Offsets between what is done in a partition and its end, as the last fetch has seen it.",
        labels=(*_LABELS, "topic", "partition"),
    )
    for called, run in runs.items():
        for partition, offsets in run.lag().items() if run is not None else ():
            labels = (*_labels(called, consumers[called]), partition.topic, str(partition.partition))
            lag.add_metric(labels, offsets)
    yield lag


def _labels(called: str, consumer: EngineConsumer[Any]) -> tuple[str, str]:
    return called, consumer.group or ""
