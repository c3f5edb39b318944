"""Groups of products by revision, as a dictionary would hold them."""

from __future__ import annotations

import numpy as np

from app.index.first_stage.groups import NO_GROUPS, Groups, group_number


def test_groups_follow_changes_as_a_dictionary_does() -> None:
    random = np.random.default_rng(3)
    groups, keys, last = NO_GROUPS, dict[int, str](), 0
    for _ in range(20):
        replaced = [revision for revision in keys if random.random() < 0.3]
        newer = {last + 1 + int(n): f"g{random.integers(8)}" for n in random.permutation(random.integers(12))}
        last += 12
        for revision in replaced:
            del keys[revision]
        keys |= newer
        groups = groups.change(np.array([*replaced, last + 1], np.int64), Groups.of(newer.items()))
        assert dict(zip(groups.revisions.tolist(), groups.numbers.tolist(), strict=True)) == {
            revision: group_number(key) for revision, key in keys.items()
        }
        asked = random.integers(last + 5, size=30)
        numbers = [group_number(keys[r]) if r in keys else r for r in asked.tolist()]
        assert groups.numbers_of(asked).tolist() == numbers
        wanted = np.array([group_number("g1"), group_number("g5"), group_number("unknown"), last + 7], np.int64)
        members = [revision for revision, key in keys.items() if key in ("g1", "g5")]
        assert sorted(groups.members_of(wanted).tolist()) == sorted([*members, last + 7])
        assert groups.mean_size(len(keys) + 10) == (len(keys) + 10) / (len(set(keys.values())) + 10)


def test_without_groups_each_product_is_one() -> None:
    revisions = np.array([5, 3], np.int64)
    assert NO_GROUPS.numbers_of(revisions).tolist() == NO_GROUPS.members_of(revisions).tolist() == [5, 3]
    assert NO_GROUPS.mean_size(7) == 1 and len(NO_GROUPS.change(revisions, NO_GROUPS)) == 0


def test_numbers_of_groups_are_no_revisions() -> None:
    assert len({group_number(f"id {n}") for n in range(1000)}) == 1000
    assert all(-(2**63) <= group_number(f"id {n}") < 0 for n in range(1000))
