"""What is compared, and what is promised of it."""

from __future__ import annotations

from dataclasses import dataclass

from bench.contest import Contestant


@dataclass(frozen=True, slots=True)
class Target:
    """What eventy is to reach.

    Parameters
        what: in words, for the page.
        name: the contestant.
        against: the other one, whose figure divides; None: the figure itself counts.
        measure: `rate` (messages/s), `cpu` (µs a message), `p50` and `p99` (ms), or `time` (µs).
        bound: of the figure, in the direction that the measure has: rates at least, times at most; None: it isn't
            eventy's figure, but what that could be at best.
    """

    what: str
    name: str
    against: str | None
    measure: str
    bound: float | None

    @property
    def is_least(self) -> bool:
        return self.measure == "rate"

    @property
    def wanted(self) -> str:
        return "" if self.bound is None else f"{'≥' if self.is_least else '≤'} {self.bound:g}"

    def verdict(self, found: float) -> str:
        if self.bound is None:
            return "the limit"
        return "met" if (found >= self.bound if self.is_least else found <= self.bound) else "**missed**"


@dataclass(frozen=True, slots=True)
class Row:
    """A comparison.

    Parameters
        title: for the page; with `explanation`, what the contestants do.
        count: of messages in a round; 0: the contestants need no broker.
        quick: the same, while somebody works on eventy.
        fills: whether the topic has the commands before the contestants begin.
        profiled: contestants whose time is looked into, in a run of its own.
        floor: what eventy's figures are made of, where a target is missed or the limit is not eventy's.
    """

    name: str
    title: str
    explanation: str
    contestants: tuple[Contestant, ...]
    targets: tuple[Target, ...]
    count: int = 0
    quick: int = 0
    partitions: int = 4
    fills: bool = True
    profiled: tuple[str, ...] = ()
    floor: str = ""


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' if number > 1 else ''}"


BY_HAND, EVENTY = "by hand", "eventy"

CONSUME = Row(
    "consume",
    "Consuming, at least once",
    "Decode a command, give it to a repository, commit. By hand that is `getmany()`, a loop and one commit a batch; "
    "FastStream commits in the background (its default, and fastest), or once a batch when the handler takes batches.",
    (
        Contestant(BY_HAND, "bench.consume.by_hand"),
        Contestant(EVENTY, "bench.consume.with_eventy"),
        Contestant("FastStream", "bench.consume.with_faststream", count=20_000),
        Contestant("FastStream, batches", "bench.consume.with_faststream_batches"),
    ),
    (
        Target("consuming at least once, eventy to by hand", EVENTY, BY_HAND, "rate", 0.85),
        Target("consuming at least once, eventy to FastStream", EVENTY, "FastStream", "rate", 20),
    ),
    count=200_000,
    quick=40_000,
)

_SEND, _SEND_BATCH = "by hand, send()", "by hand, send_batch()"
_ALO, _EOS = "at least once", "exactly once"

EMIT = Row(
    "emit",
    "Consume → emit",
    "Decode a command, store it, send an event that its correlation id goes on with, commit. By hand in two ways: a "
    "`send()` a message, as the client's documentation shows it, and its batches. All write the same headers.",
    (
        Contestant(f"{_SEND}, {_ALO}", "bench.emit.by_hand"),
        Contestant(f"{_SEND_BATCH}, {_ALO}", "bench.emit.by_hand_batches"),
        Contestant(f"eventy, {_ALO}", "bench.emit.with_eventy", "at_least_once"),
        Contestant(f"{_SEND}, {_EOS}", "bench.emit.by_hand_exactly_once"),
        Contestant(f"{_SEND_BATCH}, {_EOS}", "bench.emit.by_hand_exactly_once_batches"),
        Contestant(f"eventy, {_EOS}", "bench.emit.with_eventy", "exactly_once"),
    ),
    tuple(
        Target(f"consume → emit {how}, eventy to {other}", f"eventy, {how}", f"{other}, {how}", "rate", bound)
        for how in (_ALO, _EOS)
        for other, bound in ((_SEND, 1.4), (_SEND_BATCH, 0.85))
    )
    + tuple(
        Target(
            f"consume → emit {how}, by hand, send_batch() to send()",
            f"{_SEND_BATCH}, {how}",
            f"{_SEND}, {how}",
            "rate",
            None,
        )
        for how in (_ALO, _EOS)
    ),
    count=100_000,
    quick=40_000,
    profiled=(f"eventy, {_EOS}", f"{_SEND_BATCH}, {_EOS}"),
    floor="The client's batches by hand are the limit: what they have over `send()`, the last two ratios, is all that "
    "can be had. What eventy adds to them is, by the profiles below: an id for each event that is the same when its "
    "message is handled again, a digest of where it comes from; the headers that say what has led to it; the "
    "context of the message; a check that the data has the schema's fields and nothing that Avro would cut; and "
    "the coroutines around the handler. Some of it comes back by records whose headers are read only where they "
    "are needed.",
)

_BULK, _BATCHES = "by hand, bulk of send()", "by hand, bulk of send_batch()"

SEND = Row(
    "send",
    "Sending from outside a handler",
    "Encode an event and send it, 500 under way at a time and each of them awaited, as by the routes of a server. In "
    "bulk: 5,000 events, then one wait for all.",
    (
        Contestant(_SEND, "bench.send.by_hand"),
        Contestant("eventy, send()", "bench.send.with_eventy"),
        Contestant(_BULK, "bench.send.by_hand_bulk"),
        Contestant(_BATCHES, "bench.send.by_hand_batches"),
        Contestant("eventy, send_many()", "bench.send.with_eventy", "many"),
    ),
    (
        Target("sending, eventy to by hand", "eventy, send()", _SEND, "rate", 0.9),
        Target("sending, send_many() to send() by hand", "eventy, send_many()", _SEND, "rate", 2.5),
        Target("sending, send_many() to a bulk of send() by hand", "eventy, send_many()", _BULK, "rate", 2.5),
        Target("sending, send_batch() by hand to send() by hand", _BATCHES, _SEND, "rate", None),
        Target("sending, send_batch() by hand to a bulk of send() by hand", _BATCHES, _BULK, "rate", None),
    ),
    count=60_000,
    quick=20_000,
    fills=False,
    profiled=("eventy, send_many()", _BATCHES),
    floor="In bulk the client's batches by hand are the limit, the last two ratios: most of both is Avro, ids and the "
    "record itself, and all of it is encoded before the first is sent, so that a mistake in one sends none. One by "
    "one, each send has a future that its sender waits for; what is given while a batch is under way makes the next.",
)

LATENCY = Row(
    "latency",
    "Request → command → event, visible",
    "50 requests/s, an idle service: a POST sends a command, its handler stores and sends an event, a reader outside "
    "sees it. By hand that is Sanic with a consumer beside it.",
    (
        Contestant(BY_HAND, "bench.latency.client", "by_hand"),
        Contestant(EVENTY, "bench.latency.client", "with_eventy"),
    ),
    (Target("p99 from request to visible event, eventy to by hand", EVENTY, BY_HAND, "p99", 1.3),),
    count=1,
    quick=1,
    fills=False,
)

_WIDE = (1, 4, 16, 64)
_LONG = (10_000, 100_000, 1_000_000)

PARTITIONS = Row(
    "partitions",
    "Cost a message, by partitions",
    "The program that consumes at least once, on topics of more and more partitions. It is flat: the cost of none is "
    "more than a quarter above that of the first.",
    tuple(
        Contestant(_counted(number, "partition"), "bench.consume.with_eventy", partitions=number) for number in _WIDE
    ),
    (
        Target(
            "CPU a message, 64 partitions to one",
            _counted(_WIDE[-1], "partition"),
            _counted(_WIDE[0], "partition"),
            "cpu",
            1.25,
        ),
    ),
    count=100_000,
    quick=20_000,
)

BACKLOG = Row(
    "backlog",
    "Cost a message, by messages",
    "The program that consumes at least once, on more and more messages of one topic.",
    tuple(Contestant(_counted(number, "message"), "bench.consume.with_eventy", count=number) for number in _LONG),
    (
        Target(
            "CPU a message, a million messages to 10,000",
            _counted(_LONG[-1], "message"),
            _counted(_LONG[0], "message"),
            "cpu",
            1.25,
        ),
    ),
    count=1_000_000,
    quick=50_000,
)

INJECTION = Row(
    "injection",
    "Injecting three dependencies",
    "What a compiled call takes beyond one that is given them.",
    (Contestant(EVENTY, "bench.micro.injection"),),
    (Target("injecting three dependencies", EVENTY, None, "time", 1.5),),
)

DECODE = Row(
    "decode",
    "Decoding",
    "From the bytes of a record with five fields to its data, or to its event.",
    (
        Contestant("fastavro", "bench.micro.decode"),
        Contestant(EVENTY, "bench.micro.decode", "eventy"),
    ),
    (Target("decoding to an event, eventy to bare fastavro", EVENTY, "fastavro", "time", 1.3),),
)

ROWS = (CONSUME, EMIT, SEND, LATENCY, PARTITIONS, BACKLOG, INJECTION, DECODE)
