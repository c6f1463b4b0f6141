"""Every shape in which a fact was ever stored can be read for ever: one file per topic and shape.

A new fact, a new version of one, or one that got a field with a default, gets its file when the
test runs with CARDS_WRITE_GOLDEN=1; a file that is there is never written again.
"""

import os
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from chassis.kernel.events import Fact
from chassis.kernel.money import Money
from chassis.recorded import Meta
from chassis.service import Service

META = Meta(
    occurred_at=datetime(2026, 3, 14, 9, 30, 0, 123456, tzinfo=UTC),
    actor="operator:olga",
    correlation_id="correlation",
    causation_id="causation",
    traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
)
_PLAIN = {
    int: 7,
    bool: True,
    date: date(2026, 3, 14),
    datetime: datetime(2026, 3, 14, 9, 30, tzinfo=UTC),
}


def example(kind: Any, name: str) -> Any:
    """A value of any type that facts are made of, the same each time; a text is `name`."""
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
    return name if kind is str else _PLAIN[kind]


def _topic_of(path: Path) -> str:
    return path.stem.partition("+")[0]


def check(service: Service, folder: Path) -> None:
    """Each fact of `service` is stored as its file in `folder` says, and each file can be read."""
    codec = service.codec()
    facts = {fact.topic(): fact for decider in service.deciders for fact in decider.facts}
    for topic, kind in sorted(facts.items()):
        fact: Fact = example(kind, topic)
        _, stored = codec.encode(fact, META)
        known = [path.read_bytes() for path in folder.glob("*.json") if _topic_of(path) == topic]
        if os.environ.get("CARDS_WRITE_GOLDEN") and stored not in known:
            # The first shape of a topic has its name, a later one a digest of what it looks like.
            later = f"+{sha256(stored).hexdigest()[:8]}" if known else ""
            folder.mkdir(exist_ok=True)
            (folder / f"{topic}{later}.json").write_bytes(stored)
            known.append(stored)
        assert stored in known, f"{topic} has no golden file; see the head of {__name__}"
        assert codec.decode(topic, stored) == (fact, META)
    for path in sorted(folder.glob("*.json")):
        read, meta = codec.decode(_topic_of(path), path.read_bytes())
        assert type(read).topic() in facts
        assert meta == META
