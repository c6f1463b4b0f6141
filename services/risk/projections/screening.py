"""What facts do to the lists of screenings and of hits."""

from typing import Any

from sqlalchemy import Connection

from chassis.event_store.rows import micros
from chassis.projector import Projection, projects
from chassis.recorded import Recorded
from services.risk.domain.screening import events
from services.risk.domain.screening.subject import hit_id_of
from services.risk.tables.screening import screening_hits, screenings

OPEN = "OPEN"


@projects(events.NameScreened)
def list_screening(connection: Connection, event: Recorded) -> None:
    """One row for each screening."""
    fact: Any = event.fact
    connection.execute(
        screenings.insert().values(
            screening_id=fact.screening_id,
            position=event.position,
            subject_id=fact.subject_id,
            outcome=str(fact.outcome),
            matches=len(fact.matches),
            screened_at_micros=micros(fact.screened_at),
        )
    )


@projects(events.ScreeningHitRaised)
def list_hit(connection: Connection, event: Recorded) -> None:
    """It is open, also if it was decided before."""
    fact: Any = event.fact
    same = screening_hits.c.hit_id == fact.hit_id
    connection.execute(screening_hits.delete().where(same))
    connection.execute(
        screening_hits.insert().values(
            hit_id=fact.hit_id,
            position=event.position,
            screening_id=fact.screening_id,
            subject_id=fact.subject_id,
            list_id=fact.list_id,
            reference=fact.reference,
            score=fact.score,
            status=OPEN,
            reason="",
            decided_by="",
            whitelisted_until="",
            raised_at_micros=micros(fact.raised_at),
        )
    )


def _change(connection: Connection, hit_id: str, **values: str) -> None:
    same = screening_hits.c.hit_id == hit_id
    connection.execute(screening_hits.update().where(same).values(**values))


@projects(events.ScreeningHitDecided)
def close_hit(connection: Connection, event: Recorded) -> None:
    """Somebody has decided."""
    fact: Any = event.fact
    _change(
        connection,
        fact.hit_id,
        status=str(fact.decision),
        reason=fact.reason,
        decided_by=fact.decided_by,
    )


@projects(events.EntryWhitelisted)
def keep_quiet(connection: Connection, event: Recorded) -> None:
    """The entry says nothing about the subject until a day."""
    fact: Any = event.fact
    hit_id = hit_id_of(fact.subject_id, fact.list_id, fact.reference)
    _change(connection, hit_id, whitelisted_until=fact.expires_on.isoformat())


@projects(events.WhitelistingWithdrawn)
def hear_again(connection: Connection, event: Recorded) -> None:
    """The entry speaks again."""
    fact: Any = event.fact
    hit_id = hit_id_of(fact.subject_id, fact.list_id, fact.reference)
    _change(connection, hit_id, whitelisted_until="")


PROJECTIONS = (
    Projection("screenings", (screenings,), (list_screening,)),
    Projection("screening_hits", (screening_hits,), (list_hit, close_hit, keep_quiet, hear_again)),
)
