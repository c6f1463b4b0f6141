"""How facts about points become rows to be read."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Connection, bindparam, update

from chassis.event_store.rows import micros
from chassis.projector import Projection, projects
from chassis.recorded import Recorded
from services.loyalty.domain.events import (
    AwardWithheld,
    DebtIncurred,
    DebtRepaid,
    LotPart,
    PointsEarned,
    PointsExpired,
    PointsRedeemed,
    PointsTakenBack,
    RedemptionReturned,
)
from services.loyalty.tables import AWARD_STEPS, LOTS, MOVEMENTS


class Movement(IntEnum):
    """Why points moved: the numbers of the public enum MovementKind."""

    EARNED = 1
    TAKEN_BACK = 2
    REDEEMED = 3
    RETURNED = 4
    DEBT_INCURRED = 5
    DEBT_REPAID = 6
    EXPIRED = 7


# Lots ---------------------------------------------------------------------------------------------


@projects(PointsEarned)
def add_lot(connection: Connection, event: Recorded) -> None:
    fact: Any = event.fact
    connection.execute(
        LOTS.insert().values(
            lot_id=fact.lot_id,
            account_id=fact.account_id,
            expires_on=fact.expires_on.isoformat(),
            position=event.position,
            charge_id=fact.charge_id,
            clearing_id=fact.clearing_id,
            points=fact.points,
            available=fact.points,
            consumed=0,
            taken_back=0,
            expired=0,
            earned_at=micros(event.meta.occurred_at),
        )
    )


_CHANGE = bindparam("change", type_=BigInteger)
_OF_LOT = LOTS.c.lot_id == bindparam("of_lot")
_CONSUME = (
    update(LOTS)
    .where(_OF_LOT)
    .values(available=LOTS.c.available - _CHANGE, consumed=LOTS.c.consumed + _CHANGE)
)
_TAKE_BACK = (
    update(LOTS)
    .where(_OF_LOT)
    .values(available=LOTS.c.available - _CHANGE, taken_back=LOTS.c.taken_back + _CHANGE)
)


def _changes(parts: Iterable[LotPart], sign: int = 1) -> list[dict[str, Any]]:
    return [{"of_lot": part.lot_id, "change": sign * part.points} for part in parts]


@projects(PointsRedeemed)
def consume_lots(connection: Connection, event: Recorded) -> None:
    fact: Any = event.fact
    connection.execute(_CONSUME, _changes(fact.parts))


@projects(RedemptionReturned)
def restore_lots(connection: Connection, event: Recorded) -> None:
    fact: Any = event.fact
    connection.execute(_CONSUME, _changes(fact.parts, -1))


@projects(PointsTakenBack, DebtRepaid)
def take_lots_back(connection: Connection, event: Recorded) -> None:
    fact: Any = event.fact
    if fact.parts:
        connection.execute(_TAKE_BACK, _changes(fact.parts))


@projects(PointsExpired)
def expire_lots(connection: Connection, event: Recorded) -> None:
    fact: Any = event.fact
    connection.execute(
        update(LOTS)
        .where(
            LOTS.c.account_id == fact.account_id,
            LOTS.c.expires_on == fact.expires_on.isoformat(),
            LOTS.c.available > 0,
        )
        .values(expired=LOTS.c.expired + LOTS.c.available, available=0)
    )


# Movements ----------------------------------------------------------------------------------------


def _move(
    connection: Connection,
    event: Recorded,
    kind: Movement,
    *,
    points: int,
    reference: str,
    debt: int = 0,
    charge_id: str = "",
) -> None:
    fact: Any = event.fact
    connection.execute(
        MOVEMENTS.insert().values(
            position=event.position,
            movement_id=event.event_id,
            account_id=fact.account_id,
            kind=int(kind),
            points=points,
            debt=debt,
            reference=reference,
            charge_id=charge_id,
            occurred_at=micros(event.meta.occurred_at),
        )
    )


@projects(PointsEarned)
def note_earning(connection: Connection, event: Recorded) -> None:
    fact: Any = event.fact
    _move(
        connection,
        event,
        Movement.EARNED,
        points=fact.points,
        reference=fact.clearing_id,
        charge_id=fact.charge_id,
    )


@projects(PointsTakenBack)
def note_taking_back(connection: Connection, event: Recorded) -> None:
    fact: Any = event.fact
    if fact.points:
        _move(
            connection,
            event,
            Movement.TAKEN_BACK,
            points=-fact.points,
            reference=fact.refund_id,
            charge_id=fact.charge_id,
        )


@projects(DebtIncurred)
def note_debt(connection: Connection, event: Recorded) -> None:
    fact: Any = event.fact
    _move(
        connection,
        event,
        Movement.DEBT_INCURRED,
        points=0,
        debt=fact.points,
        reference=fact.refund_id,
    )


@projects(DebtRepaid)
def note_repayment(connection: Connection, event: Recorded) -> None:
    fact: Any = event.fact
    _move(
        connection,
        event,
        Movement.DEBT_REPAID,
        points=-fact.points,
        debt=-fact.points,
        reference=fact.source_id,
    )


@projects(PointsRedeemed)
def note_redemption(connection: Connection, event: Recorded) -> None:
    fact: Any = event.fact
    _move(connection, event, Movement.REDEEMED, points=-fact.points, reference=fact.redemption_id)


@projects(RedemptionReturned)
def note_return(connection: Connection, event: Recorded) -> None:
    fact: Any = event.fact
    _move(connection, event, Movement.RETURNED, points=fact.points, reference=fact.redemption_id)


@projects(PointsExpired)
def note_expiry(connection: Connection, event: Recorded) -> None:
    fact: Any = event.fact
    reference = fact.expires_on.isoformat()
    _move(connection, event, Movement.EXPIRED, points=-fact.points, reference=reference)


# How awards were computed ------------------------------------------------------------------------


def _explain(
    connection: Connection,
    event: Recorded,
    *,
    subject_id: str,
    reference: str,
    points: int,
    basis: str,
    lines: Any = (),
) -> None:
    fact: Any = event.fact
    connection.execute(
        AWARD_STEPS.insert().values(
            position=event.position,
            account_id=fact.account_id,
            subject_id=subject_id,
            reference=reference,
            amount_minor=fact.amount.minor_units,
            currency=fact.amount.currency,
            points=points,
            rule_set_version=fact.rule_set_version,
            lines=msgspec.json.encode(lines).decode(),
            basis=basis,
            occurred_at=micros(event.meta.occurred_at),
        )
    )


@projects(PointsEarned)
def explain_earning(connection: Connection, event: Recorded) -> None:
    fact: Any = event.fact
    _explain(
        connection,
        event,
        subject_id=fact.charge_id,
        reference=fact.clearing_id,
        points=fact.points,
        basis="earned",
        lines=fact.derivation,
    )


@projects(AwardWithheld)
def explain_withholding(connection: Connection, event: Recorded) -> None:
    fact: Any = event.fact
    _explain(
        connection,
        event,
        subject_id=fact.charge_id,
        reference=fact.clearing_id,
        points=0,
        basis=fact.reason,
    )


@projects(PointsTakenBack)
def explain_taking_back(connection: Connection, event: Recorded) -> None:
    fact: Any = event.fact
    _explain(
        connection,
        event,
        subject_id=fact.charge_id or fact.refund_id,
        reference=fact.refund_id,
        points=-fact.points_due,
        basis=fact.basis,
        lines=fact.derivation,
    )


PROJECTIONS = (
    Projection("lots", (LOTS,), (add_lot, consume_lots, restore_lots, take_lots_back, expire_lots)),
    Projection(
        "movements",
        (MOVEMENTS,),
        (
            note_earning,
            note_taking_back,
            note_debt,
            note_repayment,
            note_redemption,
            note_return,
            note_expiry,
        ),
    ),
    Projection(
        "award_steps",
        (AWARD_STEPS,),
        (explain_earning, explain_withholding, explain_taking_back),
    ),
)
