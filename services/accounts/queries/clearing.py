"""Clearing records in and out of the tables where they wait, and the lists of files and items."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, select

from chassis.database import insert_rows, rows_among
from chassis.kernel import ids
from chassis.kernel.money import Money
from services.accounts.domain.clearing.planning import Line, Place
from services.accounts.domain.clearing.values import ClearingRecord, RecordKind
from services.accounts.domain.values import Merchant, Original
from services.accounts.tables.books import transactions
from services.accounts.tables.clearing import (
    clearing_files,
    clearing_identities,
    clearing_items,
    clearing_uploads,
)

_NO_RECORD = ("", "", "", "", "", "", 0, "", 0, "", "", "", "", "", "", True, "", "")
_UPLOADS = clearing_uploads.c


def item_id_of(record_key: str, content_digest: str) -> str:
    """The id under which a record waits: other content is another item."""
    return ids.derive("clearing item", record_key, content_digest)


# Records that wait to be processed


def put_lines(
    connection: Connection, upload_id: str, lines: Sequence[tuple[Line, str, str]]
) -> None:
    """Put lines by, each with its record key and digest, in place of what is there."""
    numbers = [line.number for line, _, _ in lines]
    between = _UPLOADS.number.between(min(numbers), max(numbers))
    connection.execute(clearing_uploads.delete().where(_UPLOADS.upload_id == upload_id, between))
    insert_rows(
        connection,
        clearing_uploads,
        [
            (
                upload_id,
                line.number,
                line.record_id,
                key,
                digest,
                line.problem,
                line.field,
                *_columns(line.record),
            )
            for line, key, digest in lines
        ],
    )


def _columns(record: ClearingRecord | None) -> tuple[Any, ...]:
    if record is None:
        return _NO_RECORD
    original, merchant = record.original, record.merchant
    return (
        str(record.kind),
        record.card_id,
        record.pan_hash,
        record.last_four,
        record.charge_id,
        record.authorisation_code,
        record.amount.minor_units,
        record.amount.currency,
        original.amount.minor_units if original else 0,
        original.amount.currency if original else "",
        original.rate if original else "",
        merchant.id,
        merchant.name,
        merchant.mcc,
        merchant.country,
        record.final,
        record.transaction_date.isoformat(),
        record.posting_date.isoformat(),
    )


def lines(connection: Connection, upload_id: str, after: int, limit: int) -> list[Line]:
    """The lines after a number, in order."""
    query = (
        select(clearing_uploads)
        .where(_UPLOADS.upload_id == upload_id, _UPLOADS.number > after)
        .order_by(_UPLOADS.number)
        .limit(limit)
    )
    return [_line(row) for row in connection.execute(query)]


def _line(row: Row[Any]) -> Line:
    return Line(
        number=row.number,
        record_id=row.record_id,
        item_id=item_id_of(row.record_key, row.content_digest),
        record=None if row.problem else _record(row),
        problem=row.problem,
        field=row.field,
    )


def _record(row: Row[Any]) -> ClearingRecord:
    original = None
    if row.original_currency:
        original = Original(amount=Money(row.original_minor, row.original_currency), rate=row.rate)
    return ClearingRecord(
        record_key=row.record_key,
        record_id=row.record_id,
        content_digest=row.content_digest,
        kind=RecordKind(row.kind),
        card_id=row.card_id,
        pan_hash=row.pan_hash,
        last_four=row.last_four,
        charge_id=row.charge_id,
        authorisation_code=row.authorisation_code,
        amount=Money(row.amount_minor, row.currency),
        original=original,
        merchant=Merchant(
            id=row.merchant_id,
            name=row.merchant_name,
            mcc=row.mcc,
            country=row.merchant_country,
        ),
        final=row.final,
        transaction_date=date.fromisoformat(row.transaction_date),
        posting_date=date.fromisoformat(row.posting_date),
    )


def forget_lines(connection: Connection, upload_id: str, first: int, last: int) -> None:
    """Drop lines that have come to something."""
    between = _UPLOADS.number.between(first, last)
    connection.execute(clearing_uploads.delete().where(_UPLOADS.upload_id == upload_id, between))


def place_of_charge(connection: Connection, charge_id: str) -> Place | None:
    """The account and card of a charge."""
    columns = transactions.c
    query = select(columns.account_id, columns.card_id).where(
        columns.transaction_id == charge_id, columns.kind == "CHARGE"
    )
    row = connection.execute(query).first()
    return Place(account_id=row.account_id, card_id=row.card_id) if row else None


# Identities


def identities(connection: Connection, keys: Sequence[str]) -> dict[str, str]:
    """The content digests of the records among `keys` that came to something before."""
    rows = rows_among(connection, clearing_identities, "record_key", keys)
    return {row.record_key: row.content_digest for row in rows}


def note_identities(connection: Connection, file_id: str, taken: Mapping[str, str]) -> None:
    """Remember records for ever; one that is there already fails the transaction."""
    rows = [(key, digest, file_id) for key, digest in taken.items()]
    insert_rows(connection, clearing_identities, rows)


# Lists


def unfinished(connection: Connection, limit: int) -> list[str]:
    """The ids of the files that were received first and are not completed."""
    query = (
        select(clearing_files.c.file_id)
        .where(clearing_files.c.completed.is_(False))
        .order_by(clearing_files.c.position)
        .limit(limit)
    )
    return list(connection.scalars(query))


def files(connection: Connection, before: int | None, limit: int) -> list[tuple[str, int]]:
    """Ids and positions of files, newest first, before a position."""
    query = select(clearing_files.c.file_id, clearing_files.c.position)
    if before is not None:
        query = query.where(clearing_files.c.position < before)
    query = query.order_by(clearing_files.c.position.desc()).limit(limit)
    return [(row.file_id, row.position) for row in connection.execute(query)]


def items(
    connection: Connection,
    *,
    waiting_only: bool,
    kind: str,
    file_id: str,
    after: int,
    limit: int,
) -> list[tuple[str, int]]:
    """Ids and positions of items, oldest first, after a position."""
    columns = clearing_items.c
    query = select(columns.item_id, columns.position).where(columns.position > after)
    if waiting_only:
        query = query.where(columns.resolution == "")
    if kind:
        query = query.where(columns.kind == kind)
    if file_id:
        query = query.where(columns.file_id == file_id)
    query = query.order_by(columns.position).limit(limit)
    return [(row.item_id, row.position) for row in connection.execute(query)]
