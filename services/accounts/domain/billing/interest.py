"""Interest of a cycle: which balances bear it on which days and why, exactly, and explained."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from chassis.kernel.events import value
from services.accounts.domain.billing.buckets import (
    CREDIT,
    FEE,
    PURCHASE,
    Balance,
    category_of,
    is_plan,
    type_of,
)
from services.accounts.domain.billing.calendar import DAY
from services.accounts.domain.billing.rounding import BASIS_POINTS, EXACT, day_interest, half_up
from services.accounts.domain.billing.sheet import Sheet, Work, balances_of
from services.accounts.domain.billing.statement import (
    BalanceLine,
    InterestCause,
    InterestLine,
)
from services.accounts.domain.billing.terms import BalanceType, InterestMethod
from services.accounts.domain.deferring.state import Accrual

ASKED_FOR = (InterestCause.CARRIED, InterestCause.GRACE_LOST)
"""Why purchases that the statement before asked for bear interest."""


@value
class Stretch:
    """Days in a row on which nothing changed; what was carried and what is new, by bucket."""

    first_on: date
    days: int
    standing: Mapping[str, tuple[int, int]]

    @property
    def last_on(self) -> date:
        """The last of the days."""
        return self.first_on + timedelta(days=self.days - 1)


@value
class Bearing:
    """A balance that bears interest for a cause on some days in a row."""

    bucket: str
    cause: InterestCause
    first_on: date
    days: int
    balance_minor: int
    apr_basis_points: int
    days_of_year: int
    exact: int = 0


@value
class Computed:
    """A cycle when it is computed. `kept`: its purchases have grace; `closing` is with interest;
    `deferred` accrued on deferred balances and is not charged."""

    closing: tuple[Balance, ...]
    interest: tuple[Balance, ...]
    lines: tuple[InterestLine, ...]
    balances: tuple[BalanceLine, ...]
    kept: bool
    streak: int
    deferred: tuple[Accrual, ...] = ()

    @property
    def interest_minor(self) -> int:
        """All interest of the cycle."""
        return sum(each.minor for each in self.interest)


def compute(sheet: Sheet) -> Computed:
    """The interest and the balances of a cycle."""
    work = Work(sheet)
    stretches = list(_stretches(sheet, work))
    unpaid = _unpaid_when_due(sheet, stretches)
    streak = 0 if unpaid else sheet.streak + 1
    kept = streak >= sheet.book.terms.grace_regained_after_statements
    bearing = [each for stretch in stretches for each in _bearing(sheet, stretch, unpaid, kept)]
    if sheet.book.terms.interest_method is InterestMethod.DAILY_COMPOUNDING:
        accrued = _compounded(bearing)
    else:
        accrued = _simple(_merged(bearing))
    lines = _rounded(accrued)
    interest: dict[str, int] = {}
    for line in lines:
        interest[line.bucket] = interest.get(line.bucket, 0) + line.interest_minor
    closing = [(each, work.of(each) + interest.get(each, 0)) for each in work.buckets()]
    return Computed(
        closing=balances_of([*closing, (CREDIT, -work.credit)]),
        interest=balances_of(interest.items()),
        lines=lines,
        balances=_balance_lines(sheet, work, lines, interest),
        kept=kept,
        streak=streak,
        deferred=_deferred(sheet, stretches),
    )


def _deferred(sheet: Sheet, stretches: Sequence[Stretch]) -> tuple[Accrual, ...]:
    """What accrues on deferred balances: simple daily interest, but for what is disputed."""
    disputed = {each.bucket: each.minor for each in sheet.disputed}
    sums: dict[str, int] = {}
    for stretch in stretches if sheet.book.deferrals else ():
        for bucket, (carried, fresh) in stretch.standing.items():
            apr = sheet.book.deferred_apr(bucket, stretch.first_on)
            bears = max(0, carried + fresh - disputed.get(bucket, 0))
            year = sheet.book.days_of_year(stretch.first_on)
            accrued = stretch.days * day_interest(bears, apr, year)
            sums[bucket] = sums.get(bucket, 0) + accrued
    return tuple(Accrual(bucket=each, exact=exact) for each, exact in sorted(sums.items()) if exact)


def _stretches(sheet: Sheet, work: Work) -> Iterator[Stretch]:
    """The cycle cut at every day on which a balance or a rate changes, or payment was due."""
    last = sheet.closed_on
    starts = {sheet.opened_on, *(max(move.effective_on, sheet.opened_on) for move in sheet.moves)}
    starts |= sheet.book.changes(sheet.opened_on, last)
    if sheet.due_on and sheet.due_on < last:
        starts.add(sheet.due_on + DAY)
    if sheet.book.terms.interest_method is InterestMethod.DAILY_COMPOUNDING:
        starts |= {sheet.opened_on + n * DAY for n in range((last - sheet.opened_on).days + 1)}
    moves = sorted(sheet.moves, key=lambda move: move.effective_on)
    ordered, place = sorted(starts), 0
    for start, following in zip(ordered, [*ordered[1:], last + DAY], strict=True):
        while place < len(moves) and moves[place].effective_on < following:
            work.apply(moves[place])
            place += 1
        days = (following - start).days
        yield Stretch(first_on=start, days=days, standing=work.standing())


def _unpaid_when_due(sheet: Sheet, stretches: Sequence[Stretch]) -> Mapping[str, int]:
    """What was left at the end of the due date of the purchases carried into the cycle, by bucket;
    nothing where that is no more than need not be paid."""
    if sheet.due_on is None:
        return {}
    standing: Mapping[str, tuple[int, int]] = {}
    for stretch in stretches:
        if stretch.first_on <= sheet.due_on:
            standing = stretch.standing
    left = {each: carried for each, (carried, _) in standing.items() if _has_grace(each)}
    return left if sum(left.values()) > _not_asked_for(sheet) else {}


def _has_grace(bucket: str) -> bool:
    """Whether it has purchases, at whichever rate."""
    return category_of(bucket) == PURCHASE


def _not_asked_for(sheet: Sheet) -> int:
    """What of the purchases need not be paid by the due date: disputed, or awaited later."""
    disputed = sum(each.minor for each in sheet.disputed if _has_grace(each.bucket))
    return disputed + sheet.awaited_minor


def _bearing(
    sheet: Sheet, stretch: Stretch, unpaid: Mapping[str, int], kept: bool
) -> Iterator[Bearing]:
    """What bears interest in a stretch, and why."""
    disputed = {each.bucket: each.minor for each in sheet.disputed}
    awaited = sheet.awaited_minor
    for bucket, (carried, fresh) in sorted(stretch.standing.items()):
        apr = sheet.book.apr(bucket, stretch.first_on)
        left = disputed.get(bucket, 0)
        for cause, balance in _causes(sheet, stretch, bucket, carried, fresh, unpaid, kept):
            later = min(awaited, max(0, balance - left)) if cause in ASKED_FOR else 0
            bears = max(0, balance - left - later)
            left, awaited = max(0, left - balance), awaited - later
            if bears and apr:
                yield Bearing(
                    bucket=bucket,
                    cause=cause,
                    first_on=stretch.first_on,
                    days=stretch.days,
                    balance_minor=bears,
                    apr_basis_points=apr,
                    days_of_year=sheet.book.days_of_year(stretch.first_on),
                )


def _causes(
    sheet: Sheet,
    stretch: Stretch,
    bucket: str,
    carried: int,
    fresh: int,
    unpaid: Mapping[str, int],
    kept: bool,
) -> Iterator[tuple[InterestCause, int]]:
    if bucket == FEE:
        yield InterestCause.FEE, carried + fresh
    elif not _has_grace(bucket):
        cause = InterestCause.INSTALMENT_PLAN if is_plan(bucket) else InterestCause.NO_GRACE
        if type_of(bucket) is BalanceType.DEFERRED:
            cause = InterestCause.DEFERRAL_ENDED
        yield cause, carried + fresh
    else:
        if not sheet.grace_before:
            yield InterestCause.CARRIED, carried
        elif unpaid:
            # What was repaid within the grace bears none, from the first day on: 1026.54(a)(1).
            in_grace = sheet.due_on is not None and stretch.last_on <= sheet.due_on
            yield InterestCause.GRACE_LOST, unpaid.get(bucket, 0) if in_grace else carried
        if not kept:
            yield InterestCause.NEW_WITHOUT_GRACE, fresh


def _merged(bearing: Sequence[Bearing]) -> list[Bearing]:
    """Stretches that follow on one another and differ in nothing become one."""
    merged: list[Bearing] = []
    latest: dict[tuple[str, InterestCause], int] = {}
    for each in bearing:
        place = latest.get((each.bucket, each.cause))
        before = merged[place] if place is not None else None
        if before is not None and place is not None and _continues(before, each):
            merged[place] = _longer(before, each.days)
            continue
        latest[each.bucket, each.cause] = len(merged)
        merged.append(each)
    return merged


def _continues(before: Bearing, each: Bearing) -> bool:
    return (
        before.first_on + before.days * DAY == each.first_on
        and before.balance_minor == each.balance_minor
        and before.apr_basis_points == each.apr_basis_points
        and before.days_of_year == each.days_of_year
    )


def _longer(each: Bearing, days: int, exact: int = 0) -> Bearing:
    return Bearing(
        bucket=each.bucket,
        cause=each.cause,
        first_on=each.first_on,
        days=each.days + days,
        balance_minor=each.balance_minor,
        apr_basis_points=each.apr_basis_points,
        days_of_year=each.days_of_year,
        exact=exact,
    )


def _simple(bearing: Sequence[Bearing]) -> list[Bearing]:
    """Average daily balance: the days' interest added up exactly."""
    return [
        _longer(
            each,
            0,
            each.days * day_interest(each.balance_minor, each.apr_basis_points, each.days_of_year),
        )
        for each in bearing
    ]


def _compounded(bearing: Sequence[Bearing]) -> list[Bearing]:
    """Each day's interest bears interest from the next day on, to a billionth of a minor unit."""
    accrued: dict[tuple[str, InterestCause], int] = {}
    days: list[Bearing] = []
    for each in bearing:
        key = each.bucket, each.cause
        base = each.balance_minor * EXACT + accrued.get(key, 0)
        exact = half_up(base * each.apr_basis_points, BASIS_POINTS * each.days_of_year)
        accrued[key] = accrued.get(key, 0) + exact
        days.append(_longer(each, 0, exact))
    return days


def _rounded(accrued: Sequence[Bearing]) -> tuple[InterestLine, ...]:
    """By bucket, then by day and cause: each line is what it adds to the rounded sum."""
    ordered = sorted(accrued, key=lambda each: (each.bucket, each.first_on, each.cause))
    lines: list[InterestLine] = []
    sums: dict[str, int] = {}
    for each in ordered:
        before = sums.get(each.bucket, 0)
        sums[each.bucket] = before + each.exact
        lines.append(
            InterestLine(
                bucket=each.bucket,
                cause=each.cause,
                first_on=each.first_on,
                days=each.days,
                balance_minor=each.balance_minor,
                apr_basis_points=each.apr_basis_points,
                interest_minor=half_up(sums[each.bucket]) - half_up(before),
            )
        )
    return tuple(lines)


def _balance_lines(
    sheet: Sheet, work: Work, lines: Sequence[InterestLine], interest: Mapping[str, int]
) -> tuple[BalanceLine, ...]:
    opening = {each.bucket: each.minor for each in sheet.opening}
    days = (sheet.closed_on - sheet.opened_on).days + 1
    made = []
    buckets = [*work.buckets(), *([CREDIT] if work.credit or opening.get(CREDIT) else [])]
    for bucket in buckets:
        borne = sum(each.balance_minor * each.days for each in lines if each.bucket == bucket)
        owed = -work.credit if bucket == CREDIT else work.of(bucket)
        charged = interest.get(bucket, 0)
        debits, credits = work.debits.get(bucket, 0), work.credits.get(bucket, 0)
        if not (opening.get(bucket) or debits or credits or owed or charged):
            continue
        made.append(
            BalanceLine(
                bucket=bucket,
                balance_type=type_of(bucket),
                plan_id=bucket.partition("/")[2],
                opening_minor=opening.get(bucket, 0),
                debits_minor=debits,
                credits_minor=credits,
                interest_minor=charged,
                closing_minor=owed + charged,
                average_daily_balance_minor=half_up(borne, days),
                days=days,
                apr_basis_points=sheet.book.apr(bucket, sheet.closed_on),
            )
        )
    return tuple(made)
