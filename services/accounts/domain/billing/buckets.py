"""Buckets: what is owed, by what it came from; and which rate a bucket has on a day."""

from datetime import date

from chassis.kernel.events import value
from services.accounts.domain.billing.calendar import DAY, months_later
from services.accounts.domain.billing.terms import (
    BalanceType,
    BillingTerms,
    DayCount,
    Rate,
    RateKind,
)
from services.accounts.domain.deferring.state import Deferral, Lapse
from services.accounts.domain.transfers.offers import PromotedTransfer

PURCHASE, FEE = str(BalanceType.PURCHASE), str(BalanceType.FEE)
CASH_ADVANCE = str(BalanceType.CASH_ADVANCE)
PROTECTED = "~"
"""Between the name of a bucket and the place of the protection that a part of it is under."""
CREDIT = "CREDIT"
"""What the account is in credit by, as a negative balance; no other bucket is ever negative."""


@value
class Balance:
    """What is owed in a bucket."""

    bucket: str
    minor: int


@value
class Plan:
    """A purchase that is paid off in instalments, in a bucket of its own."""

    plan_id: str
    charge_id: str
    principal_minor: int
    months: int
    billed: int = 0
    apr_basis_points: int

    @property
    def bucket(self) -> str:
        """Where its balance stands."""
        return plan_bucket(self.plan_id)


@value
class Span:
    """Some days, both included."""

    first_on: date
    last_on: date

    def has(self, day: date) -> bool:
        """Whether a day is one of them."""
        return self.first_on <= day <= self.last_on


@value
class EarlierTerms:
    """The terms of an account up to a day, before it went over to others."""

    until: date
    terms: BillingTerms


@value
class Protection:
    """What kept its rate when the account went over to dearer terms in cycle `number`: what came of
    transactions up to and with `until`. From `since` on these `buckets` never bear more than by
    `terms`; `newer` is what of the balances carried into the cycle was newer, by category."""

    number: int
    since: date
    until: date
    terms: BillingTerms
    buckets: tuple[str, ...]
    newer: tuple[Balance, ...]


@value
class RateBook:
    """Everything that decides the rate of a bucket on a day; what was so on earlier days remains,
    so that they are recalculated as they were: terms, and days of penalty rate or of a pause."""

    terms: BillingTerms
    opened_on: date
    usable_on: date | None = None
    plans: tuple[Plan, ...] = ()
    deferrals: tuple[Deferral, ...] = ()
    promoted: tuple[PromotedTransfer, ...] = ()
    penalty_from: date | None = None
    paused_from: date | None = None
    paused_until: date | None = None
    earlier: tuple[EarlierTerms, ...] = ()
    penalties: tuple[Span, ...] = ()
    pauses: tuple[Span, ...] = ()
    protections: tuple[Protection, ...] = ()

    def terms_on(self, day: date) -> BillingTerms:
        """The terms in force on a day."""
        return next((each.terms for each in self.earlier if day <= each.until), self.terms)

    def apr(self, bucket: str, day: date) -> int:
        """The annual rate in basis points."""
        if self._is_paused(day):
            return 0
        for deferral in self.deferrals:
            if deferral.bucket == bucket:
                return 0 if deferral.is_deferred(day) else deferral.apr_basis_points
        for plan in self.plans:
            if plan.bucket == bucket:
                return plan.apr_basis_points
        now = self._apr_by(self.terms_on(day), bucket, day)
        for each in self.protections:
            if bucket in each.buckets and each.since <= day:
                now = min(now, self._apr_by(each.terms, bucket, day))
        return now

    def _apr_by(self, terms: BillingTerms, bucket: str, day: date) -> int:
        """By some terms; where they say so, no lower rate for a time is left in arrears."""
        is_late = self._is_penalty(day)
        is_over = is_late and terms.promotions_end_past_due
        for transfer in self.promoted if not is_over else ():
            if transfer.bucket == bucket and day <= transfer.ends_on:
                return transfer.apr_basis_points
        if bucket == CREDIT or (bucket == FEE and not terms.fees_bear_interest):
            return 0
        wanted = PURCHASE if bucket == FEE else category_of(bucket).partition("/")[0]
        rates = [each for each in terms.rates if each.balance_type == wanted]
        if not rates and wanted != PURCHASE:
            rates = [each for each in terms.rates if each.balance_type == PURCHASE]
        if is_late:
            penalty = self._latest(rates, RateKind.PENALTY, day)
            if penalty is not None:
                return penalty.apr_basis_points
        found = None if is_over else self._latest(rates, RateKind.PROMO, day)
        found = found or self._latest(rates, RateKind.STANDARD, day)
        return found.apr_basis_points if found else 0

    def deferred_apr(self, bucket: str, day: date) -> int:
        """The annual rate at which interest accrues on a bucket without being charged."""
        for each in self.deferrals:
            if each.bucket == bucket and each.is_deferred(day) and not self._is_paused(day):
                return each.apr_basis_points
        return 0

    def deferred_until(self, bucket: str, day: date) -> date | None:
        """The last day of the promotion a bucket is under on a day."""
        for each in self.deferrals:
            if each.bucket == bucket and each.is_deferred(day):
                return each.ends_on
        return None

    def _is_paused(self, day: date) -> bool:
        since = self.paused_from
        if since is not None and since <= day <= (self.paused_until or day):
            return True
        return any(each.has(day) for each in self.pauses)

    def _is_penalty(self, day: date) -> bool:
        now = self.penalty_from is not None and day >= self.penalty_from
        return now or any(each.has(day) for each in self.penalties)

    def _latest(self, rates: list[Rate], kind: RateKind, day: date) -> Rate | None:
        within = [each for each in rates if each.kind is kind and self._covers(each, day)]
        return max(within, key=lambda each: each.effective_from or date.min, default=None)

    def _covers(self, rate: Rate, day: date) -> bool:
        until = rate.effective_until
        if rate.months_from_opening:
            # So many months of use: comment 55(b)(1)-2.
            is_used = self.usable_on is not None and self.usable_on <= day
            since = self.usable_on if self.usable_on and is_used else self.opened_on
            ends = months_later(since, rate.months_from_opening) - DAY
            until = min(until, ends) if until else ends
        return (rate.effective_from or day) <= day <= (until or day)

    def changes(self, first: date, last: date) -> set[date]:
        """The days after `first` up to `last` on which some rate may be another than before."""
        days = {date(year, 1, 1) for year in range(first.year + 1, last.year + 1)}
        for each in (self.penalty_from, self.paused_from):
            days |= {each} if each else set()
        days |= {self.paused_until + DAY} if self.paused_until else set()
        days |= {each.ends_on + DAY for each in self.deferrals}
        days |= {each.ends_on + DAY for each in self.promoted}
        days |= {each.until + DAY for each in self.earlier}
        spans: list[Span | Lapse] = [*self.penalties, *self.pauses]
        spans += [lapse for each in self.deferrals for lapse in each.lapses]
        for span in spans:
            days |= {span.first_on, span.last_on + DAY}
        for rate in (rate for terms in self._known() for rate in terms.rates):
            days |= {rate.effective_from} if rate.effective_from else set()
            days |= {rate.effective_until + DAY} if rate.effective_until else set()
            for since in (self.opened_on, self.usable_on) if rate.months_from_opening else ():
                days |= {since, months_later(since, rate.months_from_opening)} if since else set()
        return {day for day in days if first < day <= last}

    def _known(self) -> list[BillingTerms]:
        earlier = [each.terms for each in self.earlier]
        return [self.terms, *earlier, *(each.terms for each in self.protections)]

    def days_of_year(self, day: date) -> int:
        """How many days the year of a day has, as interest counts them."""
        leap = day.year % 4 == 0 and (day.year % 100 != 0 or day.year % 400 == 0)
        return 366 if leap and self.terms.day_count is DayCount.ACTUAL else 365


def plan_bucket(plan_id: str) -> str:
    """The bucket of an instalment plan."""
    return f"{PURCHASE}/{plan_id}"


def is_plan(bucket: str) -> bool:
    """Whether it is the bucket of an instalment plan."""
    return bucket.startswith(f"{PURCHASE}/")


def category_of(bucket: str) -> str:
    """The bucket that a protected part was of; any other itself."""
    return bucket.partition(PROTECTED)[0]


def type_of(bucket: str) -> BalanceType:
    """What a bucket came from; an account in credit is shown under purchases."""
    name = category_of(bucket).partition("/")[0]
    return BalanceType.PURCHASE if name == CREDIT else BalanceType(name)
