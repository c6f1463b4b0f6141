"""Values are equal, and keys, by what they hold, and hold nothing but their fields."""

from dataclasses import field, replace

import pytest

from chassis.kernel.money import Money
from chassis.kernel.values import keyword_record, record


@keyword_record
class Held:
    """One field is worked out, one has a default."""

    amount: Money
    reason: str = ""
    name: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", f"{self.reason} {self.amount.minor_units}")


@record
class One:
    """A single field."""

    number: int


def test_a_value_that_is_replaced_is_another() -> None:
    held = Held(amount=Money(5, "GBP"), reason="fuel")
    seven = replace(held, amount=Money(7, "GBP"))
    assert (held.name, seven.name) == ("fuel 5", "fuel 7")
    assert seven == Held(amount=Money(7, "GBP"), reason="fuel") != held


def test_values_are_keys_by_what_they_hold() -> None:
    assert {Money(5, "GBP"): 1}[Money(5, "GBP")] == 1
    assert Money(5, "GBP") != Money(5, "EUR")


def test_values_hold_nothing_else() -> None:
    with pytest.raises(AttributeError):
        One(1).other = 2  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        Held(Money(5, "GBP"))  # type: ignore[call-arg]
