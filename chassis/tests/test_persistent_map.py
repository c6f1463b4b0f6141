"""The immutable map behaves as a dict that is copied at every change."""

from hypothesis import given
from hypothesis import strategies as st

from chassis.kernel.persistent_map import PersistentMap

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
