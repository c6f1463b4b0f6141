"""Entries in and out of the tables where they lie, and the lists of screenings and hits."""

import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select

from chassis.database import insert_rows
from services.risk.domain.screening.values import ListEntry
from services.risk.tables.screening import screening_hits, screening_parts, screenings

ENTRIES_A_PART = 500
_PARTS = screening_parts.c
_DECODER = msgspec.json.Decoder(list[ListEntry])

Part = tuple[int, str, str, bytes]
"""Number, first and last reference, entries."""


def packed(entries: Sequence[ListEntry]) -> Iterator[Part]:
    """Entries in the order of their references, as they are put by."""
    for number, start in enumerate(range(0, len(entries), ENTRIES_A_PART)):
        some = entries[start : start + ENTRIES_A_PART]
        data = zlib.compress(msgspec.json.encode(some))
        yield number, some[0].reference, some[-1].reference, data


def put_parts(connection: Connection, version_key: str, parts: Sequence[Part]) -> None:
    """Put parts of a version by, in place of what is there."""
    numbers = [number for number, *_ in parts]
    between = _PARTS.number.between(min(numbers), max(numbers))
    connection.execute(screening_parts.delete().where(_PARTS.version_key == version_key, between))
    insert_rows(connection, screening_parts, [(version_key, *part) for part in parts])


def part(connection: Connection, version_key: str, number: int) -> list[ListEntry]:
    """The entries of a part; none after the last."""
    query = select(_PARTS.entries).where(_PARTS.version_key == version_key, _PARTS.number == number)
    data = connection.scalar(query)
    return [] if data is None else _DECODER.decode(zlib.decompress(bytes(data)))


def entry(connection: Connection, version_key: str, reference: str) -> ListEntry | None:
    """One entry of a version."""
    query = select(_PARTS.number, _PARTS.first_reference, _PARTS.last_reference)
    rows = connection.execute(query.where(_PARTS.version_key == version_key)).all()
    # Compared here: databases differ in how they order texts.
    numbers = [row.number for row in rows if _lies_in(reference, row)]
    found = (each for number in numbers for each in part(connection, version_key, number))
    return next((each for each in found if each.reference == reference), None)


def _lies_in(reference: str, row: Any) -> bool:
    return bool(row.first_reference <= reference <= row.last_reference)


def subject_of_screening(connection: Connection, screening_id: str) -> str | None:
    """Who a screening was about."""
    query = select(screenings.c.subject_id).where(screenings.c.screening_id == screening_id)
    found: str | None = connection.scalar(query)
    return found


def hit(connection: Connection, hit_id: str) -> Row[tuple[object, ...]] | None:
    """One hit."""
    return connection.execute(
        select(screening_hits).where(screening_hits.c.hit_id == hit_id)
    ).first()


def list_screenings(
    connection: Connection, subject_id: str, outcome: str, before: int | None, limit: int
) -> Sequence[Row[tuple[object, ...]]]:
    """Screenings, newest first; empty texts leave a condition out."""
    query = select(screenings)
    if subject_id:
        query = query.where(screenings.c.subject_id == subject_id)
    if outcome:
        query = query.where(screenings.c.outcome == outcome)
    if before is not None:
        query = query.where(screenings.c.position < before)
    return connection.execute(query.order_by(screenings.c.position.desc()).limit(limit)).all()


def list_hits(
    connection: Connection, status: str, subject_id: str, after: int, limit: int
) -> Sequence[Row[tuple[object, ...]]]:
    """Hits, longest waiting first; empty texts leave a condition out."""
    columns = screening_hits.c
    query = select(screening_hits).where(columns.position > after)
    if status:
        query = query.where(columns.status == status)
    if subject_id:
        query = query.where(columns.subject_id == subject_id)
    return connection.execute(query.order_by(columns.position).limit(limit)).all()
