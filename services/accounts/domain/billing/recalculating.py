"""Closed cycles computed anew when something back-dated is known of them, and the difference."""

from dataclasses import replace

from services.accounts.domain.billing.events import CorrectedInterest, RecalculatedCycle
from services.accounts.domain.billing.interest import Computed, compute
from services.accounts.domain.billing.state import Billing, Cycle
from services.accounts.domain.billing.terms import BillingTerms
from services.accounts.domain.repricing.protecting import carried

Recalculation = tuple[tuple[Cycle, ...], Computed | None]


def recalculate(billing: Billing, terms: BillingTerms) -> Recalculation:
    """The closed cycles by what is known now, and the last of them computed."""
    known: list[Cycle] = []
    before: Computed | None = None
    for cycle in billing.closed:
        if before is not None:
            cycle = replace(
                cycle,
                opening=carried(billing, cycle.number, before.closing),
                grace_before=before.kept,
                streak=before.streak,
            )
        before = compute(cycle.sheet(billing.book(terms, cycle.closed_on)))
        known.append(replace(cycle, interest=before.interest, deferred=before.deferred))
    return tuple(known), before


def corrected(before: tuple[Cycle, ...], after: tuple[Cycle, ...]) -> tuple[CorrectedInterest, ...]:
    """The interest that is another now, by cycle and bucket."""
    found = []
    for was, now in zip(before, after, strict=True):
        old = {each.bucket: each.minor for each in was.interest}
        new = {each.bucket: each.minor for each in now.interest}
        found += [
            CorrectedInterest(
                number=was.number,
                bucket=bucket,
                before_minor=old.get(bucket, 0),
                after_minor=new.get(bucket, 0),
            )
            for bucket in sorted({*old, *new})
            if old.get(bucket, 0) != new.get(bucket, 0)
        ]
    return tuple(found)


def as_recalculated(cycles: tuple[Cycle, ...]) -> tuple[RecalculatedCycle, ...]:
    """What a fact says of cycles."""
    return tuple(
        RecalculatedCycle(
            number=cycle.number,
            opening=cycle.opening,
            interest=cycle.interest,
            grace_before=cycle.grace_before,
            streak=cycle.streak,
            deferred=cycle.deferred,
        )
        for cycle in cycles
    )
