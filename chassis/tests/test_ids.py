"""Ids that are derived are UUIDs as the standard library would make them."""

from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from chassis.kernel.ids import NAMESPACE, derive


@given(parts=st.lists(st.text(st.characters(codec="utf-8"), max_size=40), max_size=4))
def test_a_derived_id_is_a_uuid_of_version_five(parts: list[str]) -> None:
    name = "".join(f"{len(part)}:{part}" for part in parts)
    assert derive(*parts) == uuid5(NAMESPACE, name).hex
    assert UUID(derive(*parts)).version == 5


def test_where_one_part_ends_and_the_next_begins_matters() -> None:
    assert derive("ab", "c") != derive("a", "bc")
