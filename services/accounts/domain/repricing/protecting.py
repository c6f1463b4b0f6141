"""Balances that keep their rates when an account goes over to dearer terms (1026.55(b)(3)(ii)):
each in a bucket of its own, beside what is newer."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from services.accounts.domain.billing.buckets import (
    FEE,
    PROTECTED,
    Balance,
    Protection,
    category_of,
)
from services.accounts.domain.billing.sheet import balances_of
from services.accounts.domain.billing.state import Billing
from services.accounts.domain.billing.statement import LineKind, StatementLine
from services.accounts.domain.billing.terms import BillingTerms
from services.accounts.domain.repricing.comparing import dearer_categories
from services.accounts.domain.transfers.offers import BALANCE_TRANSFER

BOUGHT = (LineKind.CHARGE, LineKind.BALANCE_TRANSFER)
GIVEN_BACK = (LineKind.REFUND, LineKind.CREDIT)

Lines = tuple[StatementLine, ...]


def protected(
    before: Billing, old: BillingTerms, new: BillingTerms, until: date, day: date
) -> Billing:
    """The account on the first day of a cycle, with what keeps its rates put apart."""
    dearer = dearer_categories(old, new, before.opened_on or day, day)
    place = len(before.protections) + 1
    apart = [each for each in dearer if each != FEE]
    covered = [f"{each}{PROTECTED}{place}" for each in apart]
    # What was kept apart before never bears more than it does by these terms either: 55(b)-3.
    kept = {bucket for each in before.protections for bucket in each.buckets}
    covered += sorted(
        bucket for bucket in kept if PROTECTED in bucket and category_of(bucket) in apart
    )
    # Fees are for no transaction that could be told apart: all of them keep the lower rate.
    covered += [FEE] if FEE in dearer else []
    covered += _promoted(before, until) if BALANCE_TRANSFER in dearer else []
    protection = Protection(
        number=before.number,
        since=day,
        until=until,
        terms=old,
        buckets=tuple(covered),
        newer=balances_of((each, _newer(before, each, until)) for each in apart),
    )
    after = replace(before, protections=(*before.protections, protection))
    return replace(
        after,
        opening=carried(after, after.number, before.opening),
        lines=tuple(_at_home(after, chunk) for chunk in before.lines),
    )


def _promoted(billing: Billing, until: date) -> list[str]:
    """Transfers at rates of their own, which bear that of others after it."""
    known = billing.transfers.known
    return [e.bucket for e in billing.transfers.promoted if known[e.transfer_id].posted_on <= until]


def _newer(billing: Billing, bucket: str, until: date) -> int:
    """What of a balance was bought later, less what of that was given back, by the cycles that
    are remembered."""
    lines = [m for cycle in billing.closed for m in cycle.moves if m.bucket == bucket]
    bought = [e for e in lines if e.kind in BOUGHT and e.transaction_date > until]
    ids = {each.charge_id for each in bought if each.charge_id}
    back = [e for e in lines if e.kind in GIVEN_BACK and e.charge_id in ids]
    return max(0, sum(each.amount_minor for each in (*bought, *back)))


def carried(billing: Billing, number: int, closing: Sequence[Balance]) -> tuple[Balance, ...]:
    """What is carried into a cycle: of what a protection began with in it, the part that is not
    newer stands apart. What was bought first is what was repaid first."""
    found = [(each.bucket, each.minor) for each in closing]
    for place, each in enumerate(billing.protections, start=1):
        if each.number == number:
            newer = {known.bucket: known.minor for known in each.newer}
            found = [part for one in found for part in _parts(*one, each, place, newer)]
    return balances_of(found)


def _parts(
    bucket: str, minor: int, protection: Protection, place: int, newer: dict[str, int]
) -> list[tuple[str, int]]:
    apart = f"{bucket}{PROTECTED}{place}"
    if apart not in protection.buckets:
        return [(bucket, minor)]
    kept = max(0, minor - newer.get(bucket, 0))
    return [(bucket, minor - kept), (apart, kept)]


def home(billing: Billing, bucket: str, bought_on: date, number: int) -> str:
    """Where what was bought on a day stands in the cycle of a number: with the first protection
    that it is under."""
    for place, each in enumerate(billing.protections, start=1):
        apart = f"{bucket}{PROTECTED}{place}"
        if each.number <= number and bought_on <= each.until and apart in each.buckets:
            return apart
    return bucket


def at_home(billing: Billing, bought_on: date) -> Billing:
    """What was booked last, about something bought on a day, stands where that does; in a closed
    cycle, too, that it was back-dated into."""
    line = billing.lines[-1][-1]
    last = _moved(billing, line, bought_on, billing.number)
    closed = tuple(
        replace(
            cycle,
            moves=tuple(
                _moved(billing, move, bought_on, cycle.number) if move == line else move
                for move in cycle.moves
            ),
        )
        for cycle in billing.closed
    )
    return replace(
        billing, lines=(*billing.lines[:-1], (*billing.lines[-1][:-1], last)), closed=closed
    )


def _moved(billing: Billing, line: StatementLine, bought_on: date, number: int) -> StatementLine:
    return replace(line, bucket=home(billing, line.bucket, bought_on, number))


def bought_on(billing: Billing, charge_id: str, otherwise: date) -> date:
    """The transaction date of what was posted of a charge, as far as it is remembered."""
    moves = [move for cycle in billing.closed for move in cycle.moves]
    for line in (*moves, *billing.booked()):
        if line.charge_id == charge_id and line.kind is LineKind.CHARGE:
            return line.transaction_date
    return otherwise


def _at_home(billing: Billing, lines: Lines) -> Lines:
    return tuple(
        _moved(billing, line, line.transaction_date, billing.number)
        if line.kind in BOUGHT
        else line
        for line in lines
    )
