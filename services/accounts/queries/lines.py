"""One line of an account by its key."""

from sqlalchemy import Connection, select

from services.accounts.tables.books import transactions
from services.accounts.tables.search import transaction_search


def merchant_of_line(
    connection: Connection, account_id: str, kind: str, transaction_id: str
) -> str | None:
    """The cleaned name of a line's merchant, empty for a payment; None where there is no line."""
    query = (
        select(transaction_search.c.merchant)
        .join(transactions, transaction_search.c.position == transactions.c.position)
        .where(
            transactions.c.account_id == account_id,
            transactions.c.kind == kind,
            transactions.c.transaction_id == transaction_id,
        )
    )
    return connection.scalar(query)
