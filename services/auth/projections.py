"""The list of sessions, for those who look after their own and for those who look after others'."""

from sqlalchemy import Connection

from chassis.event_store.rows import micros
from chassis.projector import Projection, projects
from chassis.recorded import Recorded
from services.auth.domain.events import LoggedIn, SessionRefreshed, SessionRevoked
from services.auth.domain.session import ENDED
from services.auth.tables import sessions


@projects(LoggedIn)
def list_a_session(connection: Connection, event: Recorded) -> None:
    """A session begins."""
    fact = event.fact
    assert isinstance(fact, LoggedIn)
    connection.execute(
        sessions.insert().values(
            session_id=fact.session_id,
            identity_id=fact.identity_id,
            state="active",
            assurance_level=fact.assurance_level,
            position=event.position,
            started_at=micros(fact.logged_in_at),
            refreshed_at=micros(fact.logged_in_at),
            expires_at=micros(fact.expires_at),
            end_reason="",
        )
    )


@projects(SessionRefreshed)
def note_a_refresh(connection: Connection, event: Recorded) -> None:
    """Its tokens were renewed."""
    fact = event.fact
    assert isinstance(fact, SessionRefreshed)
    connection.execute(
        sessions.update()
        .where(sessions.c.session_id == fact.session_id)
        .values(refreshed_at=micros(fact.refreshed_at))
    )


@projects(SessionRevoked)
def note_the_end(connection: Connection, event: Recorded) -> None:
    """It ended before its time."""
    fact = event.fact
    assert isinstance(fact, SessionRevoked)
    connection.execute(
        sessions.update()
        .where(sessions.c.session_id == fact.session_id)
        .values(state=ENDED, end_reason=fact.reason)
    )


PROJECTIONS = (
    Projection(
        name="sessions",
        tables=(sessions,),
        handlers=(list_a_session, note_a_refresh, note_the_end),
    ),
)
