"""What facts do to the lists of who is to be looked for, and of whom people have to look at."""

from typing import Any

from sqlalchemy import Connection

from chassis.event_store.rows import micros
from chassis.projector import Projection, projects
from chassis.recorded import Recorded
from services.accounts.domain.customers.events import CustomerErasureBegun, CustomerProfileChanged
from services.accounts.domain.events import CustomerRegistered
from services.accounts.domain.screening import events
from services.accounts.tables.screening import (
    customer_screenings,
    rescreenings,
    screening_customers,
)

WAITING = "WAITING"
SCREENED_FIELDS = frozenset({"given_name", "family_name", "date_of_birth"})
_CUSTOMER = screening_customers.c.customer_id


@projects(CustomerRegistered)
def is_new(connection: Connection, event: Recorded) -> None:
    """Whoever is new is to be looked for."""
    fact: Any = event.fact
    connection.execute(
        screening_customers.insert().values(
            customer_id=fact.customer_id, due_position=event.position
        )
    )


@projects(CustomerProfileChanged)
def is_called_otherwise(connection: Connection, event: Recorded) -> None:
    """So is whoever has another name or date of birth."""
    fact: Any = event.fact
    if SCREENED_FIELDS.intersection(fact.fields):
        same = fact.customer_id == _CUSTOMER
        due = screening_customers.update().where(same).values(due_position=event.position)
        connection.execute(due)


@projects(CustomerErasureBegun)
def is_forgotten(connection: Connection, event: Recorded) -> None:
    """Nobody knows the name any more."""
    fact: Any = event.fact
    same = fact.customer_id == _CUSTOMER
    connection.execute(screening_customers.delete().where(same))


@projects(events.CustomerScreened)
def was_looked_for(connection: Connection, event: Recorded) -> None:
    """Nothing is due, unless something new was since."""
    fact: Any = event.fact
    same = (fact.customer_id == _CUSTOMER) & (
        screening_customers.c.due_position <= fact.due_position
    )
    connection.execute(screening_customers.update().where(same).values(due_position=0))


@projects(events.CustomerScreeningReferred)
def waits(connection: Connection, event: Recorded) -> None:
    """People have to look."""
    fact: Any = event.fact
    same = customer_screenings.c.customer_id == fact.customer_id
    connection.execute(customer_screenings.delete().where(same))
    connection.execute(
        customer_screenings.insert().values(
            customer_id=fact.customer_id,
            position=event.position,
            screening_id=fact.screening_id,
            reason=str(fact.reason),
            status=WAITING,
            decided_by="",
            referred_at_micros=micros(fact.referred_at),
        )
    )


@projects(events.CustomerScreeningResolved)
def was_looked_at(connection: Connection, event: Recorded) -> None:
    """People have looked."""
    fact: Any = event.fact
    same = customer_screenings.c.customer_id == fact.customer_id
    said = {"status": fact.decision, "decided_by": fact.decided_by}
    connection.execute(customer_screenings.update().where(same).values(**said))


@projects(events.RescreeningBegun)
def begins(connection: Connection, event: Recorded) -> None:
    """A pass over all customers begins."""
    fact: Any = event.fact
    connection.execute(
        rescreenings.insert().values(
            rescreening_id=fact.rescreening_id,
            position=event.position,
            list_id=fact.list_id,
            version_id=fact.version_id,
            screened=0,
            referred=0,
            skipped=0,
            completed=False,
            begun_at_micros=micros(fact.begun_at),
        )
    )


@projects(events.RescreeningAdvanced)
def goes_on(connection: Connection, event: Recorded) -> None:
    """It is further."""
    fact: Any = event.fact
    same = rescreenings.c.rescreening_id == fact.rescreening_id
    connection.execute(
        rescreenings.update()
        .where(same)
        .values(
            screened=rescreenings.c.screened + fact.screened,
            referred=rescreenings.c.referred + fact.referred,
            skipped=rescreenings.c.skipped + fact.skipped,
        )
    )


@projects(events.RescreeningCompleted)
def ends(connection: Connection, event: Recorded) -> None:
    """It has come to its end."""
    fact: Any = event.fact
    same = rescreenings.c.rescreening_id == fact.rescreening_id
    connection.execute(rescreenings.update().where(same).values(completed=True))


PROJECTIONS = (
    Projection(
        "screening",
        (screening_customers, customer_screenings, rescreenings),
        (
            is_new,
            is_called_otherwise,
            is_forgotten,
            was_looked_for,
            waits,
            was_looked_at,
            begins,
            goes_on,
            ends,
        ),
    ),
)
