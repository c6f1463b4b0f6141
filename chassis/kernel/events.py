"""Bases of what happened (facts), is asked (commands) and is compared by value (values)."""

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, ClassVar, TypeVar, dataclass_transform

from chassis.kernel.values import keyword_record

T = TypeVar("T")

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
"""Turns the stored fields of one version of a fact into those of the next; must be pure."""

Upcasters = Mapping[str, Upcaster]
"""Old topic (`ChargeAuthorised.v1`) → the upcaster to the version after it."""


class Fact:
    """Something that happened, for ever. Subclasses are decorated with `@fact`."""

    __slots__ = ()
    version: ClassVar[int] = 1

    @classmethod
    def topic(cls) -> str:
        """The stable name under which the fact is stored, `<Name>.v<version>`."""
        return f"{cls.__name__}.v{cls.version}"


class Command:
    """Something that is asked for. Subclasses are decorated with `@command`."""

    __slots__ = ()


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
def fact(cls: type[T]) -> type[T]:
    """Make a frozen, keyword-only, slotted dataclass of a fact."""
    return keyword_record(cls)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
def command(cls: type[T]) -> type[T]:
    """Make a frozen, keyword-only, slotted dataclass of a command."""
    return keyword_record(cls)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
def value(cls: type[T]) -> type[T]:
    """Make a frozen, keyword-only, slotted dataclass of a value or of an aggregate's state."""
    return keyword_record(cls)
