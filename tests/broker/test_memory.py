"""The in-process broker, by itself."""

import pytest

from eventy.broker.group import Group, Member, Partitions
from eventy.broker.memory import MemoryBroker
from eventy.clock import Clock
from eventy.errors import CommitFailedError, ConfigurationError
from eventy.message.record import ProducerRecord, TopicPartition
from eventy.testing.clock import VirtualClock


@pytest.fixture
def broker() -> MemoryBroker:
    return MemoryBroker(clock=VirtualClock(), partitions=2)


def record(topic: str, key: bytes | None = None) -> ProducerRecord:
    return ProducerRecord(topic, key, b"value", ())


async def nothing(partitions: Partitions) -> None:
    """Take note of nothing."""


def woken() -> None:
    """Wake nobody."""


async def settle(group: Group) -> None:
    """Return when the group's rebalance is over."""
    while group._rebalancing is not None and not group._rebalancing.done():
        await Clock().sleep(0)


def test_partitions_must_be_one_or_more() -> None:
    with pytest.raises(ConfigurationError, match="EVENTY_MEMORY_PARTITIONS is 0"):
        MemoryBroker(clock=Clock(), partitions=0)


def test_topic_is_made_when_it_is_named(broker: MemoryBroker) -> None:
    broker.append(record("a"))
    assert broker.partitions("b") == (TopicPartition("b", 0), TopicPartition("b", 1))


def test_offsets_count_up_within_a_partition(broker: MemoryBroker) -> None:
    stored = [broker.append(record("a"), partition=partition) for partition in (0, 0, 1)]
    assert [found.offset for found in stored] == [0, 1, 0]
    assert broker.read(TopicPartition("a", 0), 1, 10) == ([stored[1]], 2)
    assert broker.read(TopicPartition("a", 0), 2, 10) == ([], 2)
    assert broker.end_offset(TopicPartition("a", 0)) == 2


def test_timestamps_are_the_clocks(broker: MemoryBroker) -> None:
    assert broker.append(record("a")).timestamp == VirtualClock().now_ms()


def test_topic_never_shrinks(broker: MemoryBroker) -> None:
    broker.create_topic("a", 3)
    broker.create_topic("a", 1)
    assert len(broker.partitions("a")) == 3


async def test_partitions_are_dealt_out_in_turn(broker: MemoryBroker) -> None:
    broker.create_topic("a")
    broker.create_topic("b")
    members = [
        Member({"a", "b"}.__contains__, nothing, nothing),
        Member({"a", "b"}.__contains__, nothing, nothing),
        Member({"b"}.__contains__, nothing, nothing),
    ]
    groups = {broker.join("g", member, woken) for member in members}
    await settle(*groups)
    shares = [member.assignment for member in members]
    assert frozenset().union(*shares) == {*broker.partitions("a"), *broker.partitions("b")}
    assert sum(map(len, shares)) == 4
    assert all(at.topic == "b" for at in shares[2])


async def test_members_have_left_their_partitions_before_others_get_them(broker: MemoryBroker) -> None:
    calls: list[str] = []
    broker.create_topic("a")

    def member(name: str) -> Member:
        async def revoked(partitions: Partitions) -> None:
            calls.append(f"{name} finishes")
            await Clock().sleep(0)
            calls.append(f"{name} left {len(partitions)}")

        async def assigned(partitions: Partitions) -> None:
            calls.append(f"{name} got {len(partitions)}")

        return Member({"a"}.__contains__, revoked, assigned)

    group = broker.join("g", member("one"), woken)
    await settle(group)
    broker.join("g", member("two"), woken)
    await settle(group)
    assert calls[:3] == ["one finishes", "one left 0", "one got 2"]
    assert calls[3:7] == ["one finishes", "two finishes", "one left 2", "two left 0"]
    assert calls[7:] == ["one got 1", "two got 1"]


async def test_member_that_a_rebalance_left_behind_cannot_commit(broker: MemoryBroker) -> None:
    member, (first, _) = Member({"a"}.__contains__, nothing, nothing), broker.partitions("a")
    group = broker.join("g", member, woken)
    await settle(group)
    group.commit(member, {first: 0})
    broker.leave(group, member)
    with pytest.raises(CommitFailedError, match="group g"):
        group.commit(member, {first: 5})
    assert broker.committed("g", first) == 0
    assert broker.committed("other", first) is None


async def test_lag_counts_what_is_not_committed(broker: MemoryBroker) -> None:
    member, (first, second) = Member({"a"}.__contains__, nothing, nothing), broker.partitions("a")
    group = broker.join("g", member, woken)
    await settle(group)
    for _ in range(3):
        broker.append(record("a"), partition=0)
    group.commit(member, {first: 1, second: 0})
    assert broker.lag() == {("g", first): 2}
    group.commit(member, {first: 3})
    assert broker.lag() == {}
    assert broker.is_drained()


async def test_lag_of_a_group_without_members_stays_known_and_nobody_waits_for_it(broker: MemoryBroker) -> None:
    member, (first, second) = Member({"a"}.__contains__, nothing, nothing), broker.partitions("a")
    group = broker.join("g", member, woken)
    await settle(group)
    group.commit(member, {first: 0, second: 0})
    broker.leave(group, member)
    broker.append(record("a"), partition=0)
    assert broker.lag() == {("g", first): 1}
    assert broker.is_drained()


async def test_readers_without_a_group_are_forgotten_when_they_leave(broker: MemoryBroker) -> None:
    member = Member({"a"}.__contains__, nothing, nothing)
    group = broker.join(None, member, woken)
    await settle(group)
    broker.append(record("a"))
    assert broker.lag()
    broker.leave(group, member)
    assert broker.lag() == {}
    assert broker._readers == []


async def test_change_is_told_when_an_offset_is_committed(broker: MemoryBroker) -> None:
    member, (first, _) = Member({"a"}.__contains__, nothing, nothing), broker.partitions("a")
    group = broker.join("g", member, woken)
    await settle(group)
    change = broker.change()
    group.commit(member, {first: 0})
    assert change.done()


async def test_who_comes_after_a_crash_finds_what_was_committed_and_nobody_connected(broker: MemoryBroker) -> None:
    member, (first, _) = Member({"a"}.__contains__, nothing, nothing), broker.partitions("a")
    group = broker.join("g", member, woken)
    await settle(group)
    for _ in range(3):
        broker.append(record("a"), partition=0)
    group.commit(member, {first: 1})
    heir = broker.hand_over()
    broker.append(record("a"), partition=0)  # what the dead still do
    group.commit(member, {first: 3})
    assert heir.end_offset(first) == 3
    assert heir.committed("g", first) == 1
    assert heir.lag() == {("g", first): 2}
    await settle(heir.join("g", newcomer := Member({"a"}.__contains__, nothing, nothing), woken))
    assert newcomer.assignment == frozenset(heir.partitions("a"))


async def test_producer_after_a_crash_fences_the_one_before(broker: MemoryBroker) -> None:
    before = broker.transactional("t")
    heir = broker.hand_over()
    after = heir.transactional("t")
    before.append(record("a"))
    before.commit("g", {})
    assert heir.records("a") == []
    after.append(record("a"))
    after.commit("g", {})
    assert len(heir.records("a")) == 1
