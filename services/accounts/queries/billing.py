"""Reading which statement a date falls into, and what was owed on a date."""

from datetime import date

from sqlalchemy import Connection, func, select

from services.accounts.domain.ledger import LedgerAccount
from services.accounts.tables.books import ledger_entries
from services.accounts.tables.statements import statements


def place_of(connection: Connection, account_id: str, number: int, as_of: str) -> int | None:
    """The position in the log of a statement: by its number, or the latest cut by a date or at
    all."""
    query = select(statements.c.position).where(statements.c.account_id == account_id)
    if number:
        query = query.where(statements.c.number == number)
    elif as_of:
        query = query.where(statements.c.closed_on <= as_of)
    return connection.scalar(query.order_by(statements.c.number.desc()).limit(1))


def owed_on(connection: Connection, account_id: str, day: date) -> int:
    """What was owed at the end of a date, by the posting dates of the ledger."""
    query = select(func.coalesce(func.sum(ledger_entries.c.amount_minor), 0)).where(
        ledger_entries.c.ledger_account == str(LedgerAccount.RECEIVABLE),
        ledger_entries.c.account_id == account_id,
        ledger_entries.c.posting_date <= day.isoformat(),
    )
    return int(connection.scalar(query) or 0)
