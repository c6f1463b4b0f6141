"""The decider: how one kind of aggregate turns commands into facts and facts into state."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from chassis.kernel.events import Command, Fact
from chassis.kernel.values import keyword_record

S = TypeVar("S")


@keyword_record
class Context:
    """What a decision may know besides state and command; the only way time and identity come in.

    `now` is the instant of the decision, aware and in UTC; `actor` the principal that asks
    (`operator:…`, `cardholder:…`, `service:…`, `policy:…`, `timer:…`); `new_id` gives a fresh id.
    """

    now: datetime
    actor: str
    new_id: Callable[[], str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Decider(Generic[S]):
    """One kind of aggregate. `decide` and `evolve` are pure; guards live in `decide` only.

    `category` names its streams (`<category>-<id>`); `identify` gives the aggregate id a command
    is for; `commands` and `facts` are the closed sets it understands; `state` is the type of the
    folded state (a value: frozen, of plain types, so that it can be a snapshot).
    `decide` returns no fact when the command was already carried out, and raises one of
    `chassis.kernel.errors` when it cannot be; an expected refusal is a fact.
    """

    category: str
    state: type[S]
    initial: S
    decide: Callable[[S, Any, Context], Sequence[Fact]]
    evolve: Callable[[S, Any], S]
    identify: Callable[[Any], str]
    commands: tuple[type[Command], ...]
    facts: tuple[type[Fact], ...]

    def stream(self, command: Command) -> str:
        """The stream that decides this command."""
        return f"{self.category}-{self.identify(command)}"

    def fold(self, facts: Iterable[Fact], state: S | None = None) -> S:
        """The state after `facts`, from `state` (default: the beginning)."""
        current = self.initial if state is None else state
        for each in facts:
            current = self.evolve(current, each)
        return current
