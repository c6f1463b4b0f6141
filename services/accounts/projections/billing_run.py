"""What facts do to the agenda of accounts and to the progress of billing runs."""

from typing import Any

from sqlalchemy import Connection, bindparam, func, update

from chassis.projector import Projection, projects
from chassis.recorded import Recorded
from services.accounts.domain import events as facts
from services.accounts.domain.account.decider import CREDIT_ACCOUNT
from services.accounts.domain.billing import events
from services.accounts.domain.business_day.decider import day_of_run
from services.accounts.domain.deferring.events import DeferredInterestCharged
from services.accounts.tables.billing_run import billing_agenda, billing_progress

_ENTER = billing_agenda.insert()
_DEFER = (
    update(billing_agenda)
    .where(billing_agenda.c.account_id == bindparam("of_account"))
    .values(next_due_on=bindparam("due_on"))
)
_BEGIN = billing_progress.insert()
_GO_ON = (
    update(billing_progress)
    .where(
        billing_progress.c.programme_id == bindparam("of_programme"),
        billing_progress.c.business_date == bindparam("on"),
    )
    .values(
        accounts=billing_progress.c.accounts + bindparam("more_accounts"),
        statements=billing_progress.c.statements + bindparam("more_statements"),
        interest_minor=billing_progress.c.interest_minor + bindparam("more_interest"),
        fees_minor=billing_progress.c.fees_minor + bindparam("more_fees"),
        currency=func.coalesce(
            func.nullif(bindparam("in_currency"), ""), billing_progress.c.currency
        ),
    )
)
_COUNTED = ("accounts", "statements", "interest_minor", "fees_minor")


@projects(facts.AccountOpened)
def enter(connection: Connection, event: Recorded) -> None:
    """The account itself knows when something is due first; nothing is without billing terms."""
    fact: Any = event.fact
    due_on = CREDIT_ACCOUNT.evolve(CREDIT_ACCOUNT.initial, fact).billing.agenda_on
    if due_on is not None:
        _enter(connection, fact.account_id, fact.programme_id, due_on.isoformat())


def _enter(connection: Connection, account_id: str, programme_id: str, due_on: str) -> None:
    connection.execute(
        _ENTER,
        {"account_id": account_id, "programme_id": programme_id, "next_due_on": due_on},
    )


@projects(events.BillingAgendaSet)
def defer(connection: Connection, event: Recorded) -> None:
    """Something else is due next; an account processed by a run is counted there."""
    fact: Any = event.fact
    if fact.next_due_on is None:
        mine = billing_agenda.c.account_id == fact.account_id
        connection.execute(billing_agenda.delete().where(mine))
    else:
        due_on = fact.next_due_on.isoformat()
        known = connection.execute(_DEFER, {"of_account": fact.account_id, "due_on": due_on})
        if not known.rowcount:
            _enter(connection, fact.account_id, fact.programme_id, due_on)
    _count(connection, event, accounts=1)


@projects(events.StatementCut)
def count_statement(connection: Connection, event: Recorded) -> None:
    """One more statement."""
    fact: Any = event.fact
    _count(connection, event, fact.closing.currency, statements=1)


@projects(events.InterestCharged, DeferredInterestCharged)
def count_interest(connection: Connection, event: Recorded) -> None:
    """More interest."""
    amount = event.fact.amount  # type: ignore[attr-defined]
    _count(connection, event, amount.currency, interest_minor=amount.minor_units)


@projects(events.FeeCharged)
def count_fee(connection: Connection, event: Recorded) -> None:
    """More fees; one that a charge brought about by day belongs to no run."""
    amount = event.fact.amount  # type: ignore[attr-defined]
    _count(connection, event, amount.currency, fees_minor=amount.minor_units)


def _count(connection: Connection, event: Recorded, currency: str = "", **more: int) -> None:
    """Add to the progress of the run that an event belongs to, if it belongs to one."""
    day = day_of_run(event.meta.correlation_id)
    if day is None:
        return
    programme_id, on = day
    added = {name: more.get(name, 0) for name in _COUNTED}
    changed = connection.execute(
        _GO_ON,
        {
            "of_programme": programme_id,
            "on": on,
            "more_accounts": added["accounts"],
            "more_statements": added["statements"],
            "more_interest": added["interest_minor"],
            "more_fees": added["fees_minor"],
            "in_currency": currency,
        },
    )
    if not changed.rowcount:
        begun = {"programme_id": programme_id, "business_date": on, "currency": currency}
        connection.execute(_BEGIN, {**begun, **added})


PROJECTIONS = (
    Projection(
        "billing_run",
        (billing_agenda, billing_progress),
        (enter, defer, count_statement, count_interest, count_fee),
    ),
)
