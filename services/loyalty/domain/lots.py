"""Lots of points, ordered by their last day: added, taken from, restored, expired.

The cost of an operation depends on the lots it touches, never on how many there are.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

from chassis.kernel.events import value
from chassis.kernel.persistent_map import PersistentMap
from services.loyalty.domain.events import LotPart

PARTS_LIMIT = 5_000
"""A movement touches at most so many lots."""


@value
class Lot:
    """Points earned by one clearing. Of `points`, the other four counts say where they are;
    `sequence` is the lot's place among those with the same last day."""

    lot_id: str
    expires_on: date
    sequence: int
    points: int
    available: int
    consumed: int = 0
    taken_back: int = 0
    expired: int = 0


@value
class ExpiryDay:
    """The lots with one last day. Those before `first` have nothing available; `next` is the
    place of the next lot; `available` is the sum over the lots."""

    expires_on: date
    first: int = 0
    next: int = 0
    available: int = 0


@value
class Lots:
    """All lots of an account; `days` ascend."""

    by_id: PersistentMap[Lot] = PersistentMap()
    order: PersistentMap[str] = PersistentMap()
    days: tuple[ExpiryDay, ...] = ()


def _place(expires_on: date, sequence: int) -> str:
    return f"{expires_on.isoformat()}/{sequence}"


def _index(lots: Lots, expires_on: date) -> int:
    return bisect_left(lots.days, expires_on, key=lambda day: day.expires_on)


def day_of(lots: Lots, expires_on: date) -> ExpiryDay:
    """The lots with this last day; an empty day if there are none."""
    index = _index(lots, expires_on)
    if index < len(lots.days) and lots.days[index].expires_on == expires_on:
        return lots.days[index]
    return ExpiryDay(expires_on=expires_on)


def _with_day(lots: Lots, day: ExpiryDay) -> Lots:
    index = _index(lots, day.expires_on)
    there = index < len(lots.days) and lots.days[index].expires_on == day.expires_on
    days = (*lots.days[:index], day, *lots.days[index + there :])
    return replace(lots, days=days)


def add(lots: Lots, lot_id: str, points: int, expires_on: date) -> Lots:
    """Lots with one more, last among those with its last day."""
    day = day_of(lots, expires_on)
    lot = Lot(
        lot_id=lot_id,
        expires_on=expires_on,
        sequence=day.next,
        points=points,
        available=points,
    )
    grown = replace(
        lots,
        by_id=lots.by_id.set(lot_id, lot),
        order=lots.order.set(_place(expires_on, day.next), lot_id),
    )
    return _with_day(grown, replace(day, next=day.next + 1, available=day.available + points))


def available(lots: Lots) -> int:
    """All points that are neither used, taken back nor expired."""
    return sum(day.available for day in lots.days)


def usable(lots: Lots, today: date) -> int:
    """Points that can be used today."""
    return sum(day.available for day in lots.days if day.expires_on >= today)


def _in_order(lots: Lots, day: ExpiryDay) -> Iterator[Lot]:
    for sequence in range(day.first, day.next):
        yield lots.by_id[lots.order[_place(day.expires_on, sequence)]]


def take_earliest(lots: Lots, points: int, today: date) -> tuple[LotPart, ...]:
    """Parts of lots that give up to `points`, earliest last day first, oldest lot first."""
    parts: list[LotPart] = []
    for day in lots.days:
        if day.expires_on < today or not day.available:
            continue
        for lot in _in_order(lots, day):
            if points <= 0 or len(parts) == PARTS_LIMIT:
                return tuple(parts)
            if lot.available:
                taken = min(points, lot.available)
                parts.append(LotPart(lot_id=lot.lot_id, points=taken))
                points -= taken
    return tuple(parts)


def take_from(lots: Lots, lot_ids: Iterable[str], points: int) -> tuple[LotPart, ...]:
    """Parts of these lots that give up to `points`, in the order in which they are named."""
    parts: list[LotPart] = []
    for lot_id in lot_ids:
        taken = min(points, lots.by_id[lot_id].available)
        if taken:
            parts.append(LotPart(lot_id=lot_id, points=taken))
            points -= taken
    return tuple(parts)


def total(parts: tuple[LotPart, ...]) -> int:
    """All points of parts."""
    return sum(part.points for part in parts)


def consumed(lots: Lots, parts: tuple[LotPart, ...]) -> Lots:
    """Lots after these parts were used."""
    for part in parts:
        lot = lots.by_id[part.lot_id]
        lots = _moved(lots, replace(lot, consumed=lot.consumed + part.points), -part.points)
    return _settled(lots, parts)


def taken_back(lots: Lots, parts: tuple[LotPart, ...]) -> Lots:
    """Lots after these parts were taken back or went to a debt."""
    for part in parts:
        lot = lots.by_id[part.lot_id]
        lots = _moved(lots, replace(lot, taken_back=lot.taken_back + part.points), -part.points)
    return _settled(lots, parts)


def restored(lots: Lots, parts: tuple[LotPart, ...]) -> Lots:
    """Lots after these parts, used before, came back."""
    for part in parts:
        lot = lots.by_id[part.lot_id]
        lots = _moved(lots, replace(lot, consumed=lot.consumed - part.points), part.points)
        day = day_of(lots, lot.expires_on)
        lots = _with_day(lots, replace(day, first=min(day.first, lot.sequence)))
    return lots


def expired(lots: Lots, expires_on: date) -> Lots:
    """Lots after what was available with this last day has expired."""
    day = day_of(lots, expires_on)
    for lot in list(_in_order(lots, day)):
        if lot.available:
            lots = _moved(lots, replace(lot, expired=lot.expired + lot.available), -lot.available)
    return _with_day(lots, ExpiryDay(expires_on=expires_on, first=day.next, next=day.next))


def _moved(lots: Lots, lot: Lot, change: int) -> Lots:
    changed = replace(lot, available=lot.available + change)
    day = day_of(lots, lot.expires_on)
    lots = replace(lots, by_id=lots.by_id.set(lot.lot_id, changed))
    return _with_day(lots, replace(day, available=day.available + change))


def _settled(lots: Lots, parts: tuple[LotPart, ...]) -> Lots:
    """Move `first` of the touched days past the lots that have nothing left."""
    for expires_on in sorted({lots.by_id[part.lot_id].expires_on for part in parts}):
        day = day_of(lots, expires_on)
        first = day.first
        for lot in _in_order(lots, day):
            if lot.available:
                break
            first = lot.sequence + 1
        lots = _with_day(lots, replace(day, first=first))
    return lots
