"""Every shape in which a fact was ever stored can be read for ever: one file per topic and shape.

A new fact, a new version of one, or one that got a field with a default, gets its file by
`CARDS_WRITE_GOLDEN=1 pytest` on this module; a file that is there is never written again.
"""

import os
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from chassis.codec import StateCodec
from chassis.kernel.events import Fact
from chassis.kernel.money import Money
from chassis.recorded import Meta
from services.accounts.app import SERVICE
from services.accounts.domain.account.state import CreditAccount
from services.accounts.tests.stories import AccountStory

GOLDEN = Path(__file__).parent / "golden"
CODEC = SERVICE.codec()
FACTS = {fact.topic(): fact for decider in SERVICE.deciders for fact in decider.facts}
META = Meta(
    occurred_at=datetime(2026, 3, 14, 9, 30, 0, 123456, tzinfo=UTC),
    actor="operator:olga",
    correlation_id="correlation",
    causation_id="causation",
    traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
)


def example(kind: Any, name: str) -> Any:
    """A value of any type that facts are made of."""
    if isinstance(kind, UnionType):
        kind = next(each for each in get_args(kind) if each is not NoneType)
    if get_origin(kind) is tuple:
        return (example(get_args(kind)[0], name),)
    if kind is Money:
        return Money(1_234, "GBP")
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        return kind(**{each.name: example(hints[each.name], each.name) for each in fields(kind)})
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return list(kind)[-1]
    plain = {
        str: name,
        int: 7,
        bool: True,
        date: date(2026, 3, 14),
        datetime: datetime(2026, 3, 14, 9, 30, tzinfo=UTC),
    }
    return plain[kind]


def golden() -> Iterator[Path]:
    yield from sorted(GOLDEN.glob("*.json"))


def topic_of(path: Path) -> str:
    return path.stem.partition("+")[0]


@pytest.mark.parametrize("topic", sorted(FACTS))
def test_every_fact_of_today_has_a_file_and_still_looks_like_it(topic: str) -> None:
    fact: Fact = example(FACTS[topic], topic)
    stored_as, stored = CODEC.encode(fact, META)
    known = [path.read_bytes() for path in golden() if topic_of(path) == topic]
    if os.environ.get("CARDS_WRITE_GOLDEN") and stored not in known:
        # The first shape of a topic has its name, a later one a digest of what it looks like.
        later = f"+{sha256(stored).hexdigest()[:8]}" if known else ""
        (GOLDEN / f"{topic}{later}.json").write_bytes(stored)
        known.append(stored)
    assert stored_as == topic
    assert stored in known, f"{topic} has no golden file; see the head of this module"
    assert CODEC.decode(topic, stored) == (fact, META)


@pytest.mark.parametrize("path", list(golden()), ids=lambda path: path.stem)
def test_everything_ever_stored_is_read(path: Path) -> None:
    fact, meta = CODEC.decode(topic_of(path), path.read_bytes())
    assert type(fact).topic() in FACTS
    assert meta == META


def test_the_state_of_an_account_is_a_snapshot_and_comes_back_the_same() -> None:
    story = AccountStory()
    story.authorise(45)
    story.clear(20, final=False)
    story.refund(5)
    story.authorise(5000, "declined")
    story.pay(3)
    codec = StateCodec(CreditAccount)
    assert codec.decode(codec.encode(story.state)) == story.state


def test_a_long_history_comes_back_the_same_and_goes_on() -> None:
    story = AccountStory(limit=10_000)
    for number in range(100):
        story.authorise(1, f"charge-{number}")
        story.clear(1, f"charge-{number}", f"clearing-{number}")
    codec = StateCodec(CreditAccount)
    stored = codec.encode(story.state)
    opened = codec.decode(stored)
    assert codec.encode(opened) == stored
    story.state = opened
    story.refund(1, "charge-7")
    assert opened.charges["charge-7"].refunded_minor == 0
    assert story.state.charges["charge-7"].refunded_minor == 100
    assert codec.decode(codec.encode(story.state)) == story.state
    assert len(story.state.charges.keys()) == 100
