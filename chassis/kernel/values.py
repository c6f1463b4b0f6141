"""Values: frozen for mypy, which reads every line, and quick to make and to change at run time."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: type[T]) -> type[T]:
    """Make a slotted dataclass that nobody changes.

    Not `frozen=True`: a field set past that guard costs ten times as much, and a command makes two
    hundred. The hash is that of a frozen one.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
def keyword_record(cls: type[T]) -> type[T]:
    """As `record`, with fields that are given by name."""
    return dataclass(slots=True, unsafe_hash=True, kw_only=True)(cls)


if TYPE_CHECKING:
    # mypy knows what the standard one takes and returns.
    from dataclasses import replace as replace
else:

    def replace(value: T, /, **changes: Any) -> T:
        """As `dataclasses.replace`, in a third of the time."""
        cls = type(value)
        known = _READERS.get(cls)
        if known is None:
            known = _READERS[cls] = _reader(cls)
        names, read = known
        return cls(**dict(zip(names, read(value), strict=True)) | changes)


_READERS: dict[type, tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]] = {}
"""The names of a class's fields, and what reads them all. Grows with the classes of the program."""


def _reader(cls: type) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    names = tuple(each.name for each in fields(cls) if each.init)
    if len(names) < 2:
        # Of a single name, attrgetter gives no tuple.
        return names, lambda value: tuple(getattr(value, name) for name in names)
    return names, attrgetter(*names)
