"""What the real clock gives."""

import uuid

from eventy.clock import Clock


def test_ids_are_random_uuids_as_everybody_writes_them() -> None:
    ids = [Clock().new_id() for _ in range(1_000)]
    for one in map(uuid.UUID, ids):
        assert (one.version, one.variant) == (4, uuid.RFC_4122)
    assert [str(uuid.UUID(one)) for one in ids] == ids
    assert len(set(ids)) == len(ids)
    # 122 bits that nothing fixes: over so many ids each digit but the version's takes all values that it may.
    for place in set(range(36)) - {8, 13, 14, 18, 19, 23}:
        assert len({one[place] for one in ids}) == 16, place
    assert {one[19] for one in ids} == set("89ab")
