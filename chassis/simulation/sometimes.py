"""Assertions that must hold at least once: they prove that the dangerous states were reached."""

from collections import Counter
from collections.abc import Iterable


class Sometimes:
    """What was reached in one world. `sometimes(name, condition)` counts `name` if it holds.

    A name is listed from its first mention, reached or not, so that a report can show both.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def __call__(self, name: str, condition: bool = True) -> None:
        self._counts[name] += bool(condition)

    @property
    def counts(self) -> dict[str, int]:
        """How often each name was reached, by name."""
        return dict(sorted(self._counts.items()))


class Reached:
    """What was reached over a range of worlds: in how many of them, by name."""

    def __init__(self, expected: Iterable[str] = ()) -> None:
        self._worlds: Counter[str] = Counter(dict.fromkeys(expected, 0))

    def add(self, counts: dict[str, int]) -> None:
        """Take in one world's counts."""
        for name, count in counts.items():
            self._worlds[name] += count > 0

    @property
    def worlds(self) -> dict[str, int]:
        """In how many worlds each was reached."""
        return dict(sorted(self._worlds.items()))

    def missing(self) -> list[str]:
        """What was never reached."""
        return [name for name, worlds in self.worlds.items() if not worlds]
