"""What facts do to the books that are compared at a day's end."""

from typing import Any

from sqlalchemy import Connection, Table, and_, bindparam, select, update

from chassis.projector import Projection, projects
from chassis.recorded import Recorded
from services.accounts.domain import events
from services.accounts.domain.clearing.events import (
    ClearingBatchProcessed,
    ClearingRecordResolved,
)
from services.accounts.domain.clearing.values import RecordKind
from services.accounts.domain.ledger import FINANCIAL, LedgerAccount, Posting, postings
from services.accounts.domain.reconciliation.events import DayProved
from services.accounts.tables.clearing import clearing_identities
from services.accounts.tables.reconciliation import (
    customer_days,
    customer_totals,
    day_ends,
    ledger_days,
    network_days,
    reconciled_accounts,
)

FILE, ONLINE = "FILE", "ONLINE"
BUSINESS_IDS = ("clearing_id", "refund_id")


class _Adding:
    """Adds to the sums of a row, and makes the row when it is not there. The statement is written
    once, so that a fact costs a few executions and no building of statements."""

    def __init__(self, table: Table, *sums: str) -> None:
        keys = list(table.primary_key)
        self._insert = table.insert()
        self._keys = [column.name for column in keys]
        self._sums = sums
        self._update = (
            update(table)
            .where(and_(*(column == bindparam(f"of_{column.name}") for column in keys)))
            .values({name: table.c[name] + bindparam(f"by_{name}") for name in sums})
        )

    def __call__(self, connection: Connection, **row: Any) -> None:
        given = {f"of_{name}": row[name] for name in self._keys}
        given |= {f"by_{name}": row[name] for name in self._sums}
        if connection.execute(self._update, given).rowcount == 0:
            connection.execute(self._insert, row)


_add_to_ledger = _Adding(ledger_days, "debits_minor", "credits_minor", "entries")
_add_to_network = _Adding(network_days, "charged_minor", "refunded_minor", "records")
_add_to_customer = _Adding(customer_days, "ledger_minor", "decided_minor")
_add_to_customers = _Adding(customer_totals, "decided_minor")
_FIND_ACCOUNT = select(reconciled_accounts).where(
    reconciled_accounts.c.account_id == bindparam("of_account")
)
_DECIDED = (
    update(reconciled_accounts)
    .where(reconciled_accounts.c.account_id == bindparam("of_account"))
    .values(decided_minor=bindparam("decided"))
)
_FROM_FILE = select(clearing_identities.c.record_key).where(
    clearing_identities.c.record_key == bindparam("of_record")
)


@projects(events.AccountOpened)
def follow_account(connection: Connection, event: Recorded) -> None:
    """An account begins owing nothing."""
    fact: Any = event.fact
    connection.execute(
        reconciled_accounts.insert().values(
            account_id=fact.account_id,
            programme_id=fact.programme_id,
            currency=fact.currency,
            decided_minor=0,
        )
    )


@projects(*FINANCIAL)
def sum_up(connection: Connection, event: Recorded) -> None:
    """The ledger by its postings; the customer by what the account decided; the network, unless a
    clearing file counts it."""
    fact: Any = event.fact
    account = connection.execute(_FIND_ACCOUNT, {"of_account": fact.account_id}).one()
    lines = postings(fact)
    day = {
        "programme_id": account.programme_id,
        "currency": account.currency,
        "posting_date": fact.posting_date.isoformat(),
    }
    for line in lines:
        minor = line.amount.minor_units
        _add_to_ledger(
            connection,
            **day,
            ledger_account=str(line.ledger_account),
            debits_minor=max(0, minor),
            credits_minor=max(0, -minor),
            entries=1,
        )
    decided = fact.balance.minor_units
    delta = decided - account.decided_minor
    connection.execute(_DECIDED, {"of_account": fact.account_id, "decided": decided})
    _add_to_customer(
        connection,
        **day,
        account_id=fact.account_id,
        ledger_minor=_sum(lines, LedgerAccount.RECEIVABLE),
        decided_minor=delta,
    )
    _add_to_customers(connection, **day, decided_minor=delta)
    owed = -_sum(lines, LedgerAccount.SETTLEMENT)
    if owed and not _is_from_file(connection, fact):
        _add_to_network(
            connection,
            **day,
            channel=ONLINE,
            charged_minor=max(0, owed),
            refunded_minor=max(0, -owed),
            records=1,
        )


def _sum(lines: tuple[Posting, ...], account: LedgerAccount) -> int:
    return sum(line.amount.minor_units for line in lines if line.ledger_account is account)


def _is_from_file(connection: Connection, fact: Any) -> bool:
    """Whether a clearing record was posted by this: it then has the record's key."""
    for name in BUSINESS_IDS:
        key = getattr(fact, name, "")
        if key and connection.execute(_FROM_FILE, {"of_record": key}).first() is not None:
            return True
    return False


@projects(ClearingBatchProcessed)
def count_batch(connection: Connection, event: Recorded) -> None:
    """What the file says that was posted."""
    fact: Any = event.fact
    for total in fact.totals:
        _add_to_network(
            connection,
            programme_id=total.programme_id,
            currency=total.currency,
            posting_date=total.posting_date.isoformat(),
            channel=FILE,
            charged_minor=total.charged_minor,
            refunded_minor=total.refunded_minor,
            records=total.charges + total.refunds,
        )


@projects(ClearingRecordResolved)
def count_resolved(connection: Connection, event: Recorded) -> None:
    """What the file says of a record that somebody posted."""
    fact: Any = event.fact
    if fact.amount is None:
        return
    minor, charge = fact.amount.minor_units, fact.record_kind is RecordKind.CHARGE
    _add_to_network(
        connection,
        programme_id=fact.programme_id,
        currency=fact.amount.currency,
        posting_date=fact.posting_date.isoformat(),
        channel=FILE,
        charged_minor=minor if charge else 0,
        refunded_minor=0 if charge else minor,
        records=1,
    )


@projects(DayProved)
def list_proved(connection: Connection, event: Recorded) -> None:
    """A day's end, in its latest revision."""
    fact: Any = event.fact
    key = {
        "programme_id": fact.programme_id,
        "posting_date": fact.transaction_date.isoformat(),
        "currency": fact.currency,
    }
    columns = day_ends.c
    mine = and_(*(columns[name] == value for name, value in key.items()))
    connection.execute(day_ends.delete().where(mine))
    connection.execute(day_ends.insert().values(**key, balanced=int(fact.balanced)))


PROJECTIONS = (
    Projection(
        "reconciliation",
        (reconciled_accounts, ledger_days, network_days, customer_days, customer_totals),
        (follow_account, sum_up, count_batch, count_resolved),
    ),
    Projection("day_ends", (day_ends,), (list_proved,)),
)
