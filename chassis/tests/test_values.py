"""Values are equal by what they hold, and replaced as the standard library replaces them."""

import dataclasses
from dataclasses import field

import pytest

from chassis.kernel.money import Money
from chassis.kernel.values import keyword_record, record, replace


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


def test_a_value_is_replaced_as_the_standard_library_does_it() -> None:
    held = Held(amount=Money(5, "GBP"), reason="fuel")
    assert replace(held, amount=Money(7, "GBP")) == dataclasses.replace(
        held, amount=Money(7, "GBP")
    )
    assert replace(held, amount=Money(7, "GBP")).name == "fuel 7"
    assert held.amount == Money(5, "GBP")
    assert replace(One(1), number=2) == One(2)
    with pytest.raises(TypeError, match="nothing"):
        replace(held, nothing=1)  # type: ignore[call-arg]


def test_values_are_keys_by_what_they_hold() -> None:
    assert {Money(5, "GBP"): 1}[Money(5, "GBP")] == 1
    assert not hasattr(One(1), "__dict__")
    with pytest.raises(TypeError):
        Held(Money(5, "GBP"))  # type: ignore[call-arg]
