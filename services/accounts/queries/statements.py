"""Reading where statements are, and what the ledger says of a date."""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select

from services.accounts.domain.ledger import LedgerAccount
from services.accounts.tables.books import ledger_entries
from services.accounts.tables.statements import statements


def list_statements(
    connection: Connection, account_id: str, before: int, limit: int
) -> list[Row[Any]]:
    """The statements of an account, latest first, before a number unless that is 0."""
    query = (
        select(statements)
        .where(statements.c.account_id == account_id)
        .order_by(statements.c.number.desc())
        .limit(limit)
    )
    if before:
        query = query.where(statements.c.number < before)
    return list(connection.execute(query))


def place_of(connection: Connection, account_id: str, number: int) -> int | None:
    """The position of a statement in the log; of the latest when `number` is 0."""
    query = select(statements.c.position).where(statements.c.account_id == account_id)
    if number:
        query = query.where(statements.c.number == number)
    return connection.scalar(query.order_by(statements.c.number.desc()).limit(1))


def accounts(connection: Connection, after: str, limit: int) -> list[str]:
    """Accounts that have statements, in the order of ids."""
    query = select(statements.c.account_id).where(*_first_of(after))
    return list(connection.scalars(query.order_by(statements.c.account_id).limit(limit)))


def count_accounts(connection: Connection, after: str) -> int:
    """How many of them there are."""
    return connection.scalar(select(func.count()).where(*_first_of(after))) or 0


def _first_of(after: str) -> tuple[ColumnElement[bool], ...]:
    """Whoever has statements has a first one."""
    return statements.c.number == 1, statements.c.account_id > after


def ledger_balance(
    connection: Connection, account_id: str, as_of: date | None, position: int
) -> int:
    """What an account owes by what was posted by a date, and recorded by a position."""
    entry = ledger_entries.c
    query = select(func.coalesce(func.sum(entry.amount_minor), 0)).where(
        entry.ledger_account == str(LedgerAccount.RECEIVABLE),
        entry.account_id == account_id,
        entry.position <= position,
    )
    if as_of is not None:
        query = query.where(entry.posting_date <= as_of.isoformat())
    return int(connection.scalar(query) or 0)
