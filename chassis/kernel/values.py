"""Values: frozen for mypy, which reads every line, and quick to make at run time."""

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: type[T]) -> type[T]:
    """Make a slotted dataclass that nobody changes.

    Not `frozen=True`: fields set past that guard make an object of 24 of them four to seven times
    as dear, and a command sets two hundred. The hash is that of a frozen one.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
def keyword_record(cls: type[T]) -> type[T]:
    """As `record`, with fields that are given by name."""
    return dataclass(slots=True, unsafe_hash=True, kw_only=True)(cls)
