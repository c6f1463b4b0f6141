"""What facts do to the read models."""

from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, text, update

from chassis.projector import Projection, projects
from chassis.recorded import Recorded
from services.accounts.domain import events
from services.accounts.domain.categories import category_of
from services.accounts.domain.charging.events import AuthorisationMatched
from services.accounts.domain.ledger import FINANCIAL, LedgerAccount, postings
from services.accounts.projections import credits, money_lines
from services.accounts.projections.lines import (
    CHARGE,
    DECLINED,
    EXPIRED,
    PAYMENT,
    PENDING,
    POSTED,
    REVERSED,
    VERIFIED,
    insert_line,
)
from services.accounts.projections.search import index_page, keep_merchant_category, reindex_some
from services.accounts.tables.books import (
    account_balances,
    ledger_entries,
    ledger_totals,
    transactions,
)
from services.accounts.tables.search import (
    merchant_categories,
    merchant_reindexing,
    transaction_search,
)

# Transactions


def _change(connection: Connection, fact: Any, **values: Any) -> int:
    """Change the line of the fact's charge; the number of lines changed, 0 or 1."""
    changed = connection.execute(
        update(transactions)
        .where(
            and_(
                transactions.c.account_id == fact.account_id,
                transactions.c.kind == CHARGE,
                transactions.c.transaction_id == fact.charge_id,
            )
        )
        .values(values)
    )
    return changed.rowcount


def _unless_posted(value: Any, column: Any) -> Any:
    """`value` as long as nothing is posted; what is posted counts more than what is held."""
    return case((transactions.c.posted_minor > 0, column), else_=value)


def _decided_otherwise(connection: Connection, fact: Any, status: str, reason: str) -> bool:
    """Change the line of a charge that was decided before; whether there is one."""
    total = fact.amount.minor_units
    changed = _change(
        connection,
        fact,
        status=_unless_posted(status, transactions.c.status),
        reason=str(reason),
        authorised_minor=total,
        amount_minor=_unless_posted(total, transactions.c.amount_minor),
    )
    return changed > 0


@projects(AuthorisationMatched)
def list_matched(connection: Connection, event: Recorded) -> None:
    """What is posted was asked for as well."""
    fact: Any = event.fact
    _change(
        connection,
        fact,
        authorised_minor=fact.amount.minor_units,
        reason=str(fact.reason),
        transaction_date=fact.transaction_date.isoformat(),
    )


@projects(events.ChargeAuthorised)
def list_authorised(connection: Connection, event: Recorded) -> None:
    """A pending line, or a verification; what the network decides may change a line."""
    fact: Any = event.fact
    if fact.decided_by_network and _decided_otherwise(connection, fact, PENDING, ""):
        return
    insert_line(
        connection,
        event,
        CHARGE,
        fact.charge_id,
        PENDING if fact.amount else VERIFIED,
        fact.amount,
        card_id=fact.card_id,
        merchant=fact.merchant,
        original_amount=fact.original_amount,
    )


@projects(events.ChargeDeclined)
def list_declined(connection: Connection, event: Recorded) -> None:
    """A declined line, with its reason; what the network decides may change a line."""
    fact: Any = event.fact
    if fact.decided_by_network and _decided_otherwise(connection, fact, DECLINED, fact.reason):
        return
    insert_line(
        connection,
        event,
        CHARGE,
        fact.charge_id,
        DECLINED,
        fact.amount,
        card_id=fact.card_id,
        merchant=fact.merchant,
        original_amount=fact.original_amount,
        reason=str(fact.reason),
    )


@projects(events.ChargeAdvised, events.ChargeIncremented)
def change_amount(connection: Connection, event: Recorded) -> None:
    """A new total."""
    fact: Any = event.fact
    total = fact.amount.minor_units
    _change(
        connection,
        fact,
        authorised_minor=total,
        amount_minor=_unless_posted(total, transactions.c.amount_minor),
        status=transactions.c.status
        if fact.held
        else _unless_posted(REVERSED, transactions.c.status),
    )


@projects(events.ChargeReversed)
def list_reversed(connection: Connection, event: Recorded) -> None:
    """A smaller amount, or a line that is taken back and still says how much it was."""
    fact: Any = event.fact
    if fact.full:
        _change(connection, fact, status=_unless_posted(REVERSED, transactions.c.status))
        return
    left = transactions.c.authorised_minor - fact.amount.minor_units
    _change(
        connection,
        fact,
        authorised_minor=left,
        amount_minor=_unless_posted(left, transactions.c.amount_minor),
    )


@projects(events.HoldExpired)
def list_expired(connection: Connection, event: Recorded) -> None:
    """The hold fell; a line that is posted in part stays posted."""
    _change(connection, event.fact, status=_unless_posted(EXPIRED, transactions.c.status))


@projects(events.ChargeCleared)
def list_cleared(connection: Connection, event: Recorded) -> None:
    """A posted line; a force post makes its own."""
    fact: Any = event.fact
    amount = fact.amount.minor_units
    posted = transactions.c.posted_minor + amount
    posting_date = fact.posting_date.isoformat()
    merchant = fact.merchant
    changed = _change(
        connection,
        fact,
        status=POSTED,
        posted_minor=posted,
        amount_minor=posted,
        currency=fact.amount.currency,
        posting_date=posting_date,
        merchant_name=merchant.name,
        merchant_folded=merchant.name.casefold(),
        mcc=merchant.mcc,
        category=category_of(merchant.mcc),
    )
    if not changed:
        insert_line(
            connection,
            event,
            CHARGE,
            fact.charge_id,
            POSTED,
            fact.amount,
            card_id=fact.card_id,
            merchant=merchant,
            original_amount=fact.original_amount,
            authorised_minor=0,
            posted_minor=amount,
            posting_date=posting_date,
        )


@projects(events.PaymentRecorded)
def list_payment(connection: Connection, event: Recorded) -> None:
    """A repayment is a line of its own."""
    fact: Any = event.fact
    insert_line(
        connection,
        event,
        PAYMENT,
        fact.payment_id,
        POSTED,
        fact.amount,
        posted_minor=fact.amount.minor_units,
        posting_date=fact.posting_date.isoformat(),
    )


# The ledger

# Written once, so that a fact costs a few executions and no building of statements.
_ENTRY = ledger_entries.insert()
# A ledger account that had no entry yet has no row: what is not there is zero.
_TOTAL = text(
    "INSERT INTO ledger_totals (ledger_account, currency, debits_minor, credits_minor, entries)"
    " VALUES (:of_account, :of_currency, :debit, :credit, 1)"
    " ON CONFLICT (ledger_account, currency) DO UPDATE SET"
    " debits_minor = ledger_totals.debits_minor + excluded.debits_minor,"
    " credits_minor = ledger_totals.credits_minor + excluded.credits_minor,"
    " entries = ledger_totals.entries + 1"
)
_BALANCE = (
    update(account_balances)
    .where(account_balances.c.account_id == bindparam("of_account"))
    .values(
        ledger_minor=account_balances.c.ledger_minor + bindparam("amount"),
        decided_minor=bindparam("decided"),
    )
)


@projects(events.AccountOpened)
def open_balance(connection: Connection, event: Recorded) -> None:
    """An account begins owing nothing."""
    fact: Any = event.fact
    connection.execute(
        account_balances.insert().values(
            account_id=fact.account_id, currency=fact.currency, ledger_minor=0, decided_minor=0
        )
    )


@projects(*FINANCIAL)
def post(connection: Connection, event: Recorded) -> None:
    """The entry of a fact: its lines, the running sums, and what the account owes."""
    fact: Any = event.fact
    lines = postings(fact)
    if not lines:
        return
    connection.execute(
        _ENTRY,
        [
            {
                "position": event.position,
                "line": number,
                "ledger_account": str(line.ledger_account),
                "account_id": line.account_id,
                "currency": line.amount.currency,
                "amount_minor": line.amount.minor_units,
                "posting_date": fact.posting_date.isoformat(),
            }
            for number, line in enumerate(lines)
        ],
    )
    connection.execute(
        _TOTAL,
        [
            {
                "of_account": str(line.ledger_account),
                "of_currency": line.amount.currency,
                "debit": max(0, line.amount.minor_units),
                "credit": max(0, -line.amount.minor_units),
            }
            for line in lines
        ],
    )
    owed = sum(
        line.amount.minor_units for line in lines if line.ledger_account is LedgerAccount.RECEIVABLE
    )
    connection.execute(
        _BALANCE,
        {
            "of_account": fact.account_id,
            "amount": owed,
            "decided": fact.balance.minor_units,
        },
    )


PROJECTIONS = (
    Projection(
        "transactions",
        (transactions, transaction_search, merchant_categories, merchant_reindexing),
        (
            list_authorised,
            list_declined,
            list_matched,
            change_amount,
            list_reversed,
            list_expired,
            list_cleared,
            list_payment,
            *credits.LINES,
            money_lines.list_money,
            keep_merchant_category,
        ),
        finish=index_page,
        rest=reindex_some,
        version=5,
    ),
    Projection("ledger", (ledger_entries, ledger_totals, account_balances), (open_balance, post)),
)
