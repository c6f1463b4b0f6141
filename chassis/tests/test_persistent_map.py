"""The immutable map behaves as a dict that is copied at every change."""

import json

from hypothesis import given
from hypothesis import strategies as st

from chassis.kernel.persistent_map import PARTS, PersistentMap

CHANGES = st.lists(st.tuples(st.sampled_from("abcdefghij"), st.none() | st.integers()))


@given(CHANGES)
def test_it_is_a_dict_whose_past_stays(changes: list[tuple[str, int | None]]) -> None:
    map_, plain = PersistentMap[int](), dict[str, int]()
    history = [(map_, dict(plain))]
    for key, value in changes:
        if value is None:
            map_ = map_.remove(key)
            plain.pop(key, None)
        else:
            map_ = map_.set(key, value)
            plain[key] = value
        history.append((map_, dict(plain)))
    for then, expected in history:
        assert dict(then.items()) == expected
        assert len(then) == len(expected)
        assert list(then) == sorted(expected)
        assert then == PersistentMap(expected)
        assert all(then.get(key) == expected.get(key) for key in "abcdefghij")


def as_stored(map_: PersistentMap[int]) -> PersistentMap[int]:
    """The map as it comes back from where its parts were kept as text."""
    parts = [
        each if isinstance(each, bytes) else json.dumps(each).encode() if each else b""
        for each in map_.parts()
    ]
    assert len(parts) == PARTS
    return PersistentMap.stored(len(map_), parts, json.loads)


@given(st.dictionaries(st.text(max_size=4), st.integers()), CHANGES)
def test_one_that_was_stored_is_the_same_before_and_after_changes(
    entries: dict[str, int], changes: list[tuple[str, int | None]]
) -> None:
    map_, plain = as_stored(PersistentMap(entries)), dict(entries)
    for key, value in changes:
        before = map_
        assert before.get(key) == plain.get(key)
        map_ = map_.remove(key) if value is None else map_.set(key, value)
        plain = {k: v for k, v in {**plain, key: value}.items() if v is not None}
    assert dict(map_.items()) == plain
    assert len(map_) == len(plain)
    assert as_stored(as_stored(map_)) == map_ == PersistentMap(plain)


def test_only_what_is_asked_for_is_read() -> None:
    read: list[bytes] = []

    def reading(part: bytes) -> dict[str, int]:
        read.append(part)
        return dict(json.loads(part))

    kept = [
        json.dumps(each).encode() if each else b""
        for each in PersistentMap({str(n): n for n in range(5_000)}).parts()
    ]
    map_ = PersistentMap[int].stored(5_000, kept, reading)
    assert (map_["7"], map_.set("7", 8)["7"], len(map_)) == (7, 8, 5_000)
    assert len(read) == 1
    assert sum(isinstance(each, bytes) for each in map_.parts()) == PARTS - 1
