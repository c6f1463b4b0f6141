"""Cutting a statement: cycle, minimum payment and disclosure computed, all as one value."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from services.accounts.domain.billing.buckets import (
    CASH_ADVANCE,
    CREDIT,
    Balance,
    RateBook,
    category_of,
    is_plan,
    type_of,
)
from services.accounts.domain.billing.calendar import due_of, months_later
from services.accounts.domain.billing.instalments import instalments_due
from services.accounts.domain.billing.interest import Computed, compute
from services.accounts.domain.billing.payoff import PayingOff, disclose, with_deferred
from services.accounts.domain.billing.rounding import share
from services.accounts.domain.billing.state import Billing, total
from services.accounts.domain.billing.statement import (
    BalanceLine,
    GraceStatus,
    LineKind,
    MinimumPayment,
    Statement,
    StatementLine,
)
from services.accounts.domain.billing.terms import BillingTerms, MinimumPaymentRule
from services.accounts.domain.deferring import accruing
from services.accounts.domain.deferring.state import Accrual

MONTHS_LOOKED_AHEAD = 36
"""How far a promotion is followed in the disclosure."""
FEES = (LineKind.FEE, LineKind.FEE_WAIVED)
INTEREST = (LineKind.INTEREST, LineKind.INTEREST_ADJUSTED)


def cut(
    account_id: str,
    currency: str,
    limit_minor: int,
    billing: Billing,
    terms: BillingTerms,
    disputed: tuple[Balance, ...] = (),
    awaited_minor: int = 0,
) -> tuple[Statement, int, tuple[Accrual, ...]]:
    """The statement, how many in a row were paid in full by then, and what is deferred of it."""
    computed = compute(billing.sheet(terms, disputed=disputed, awaited_minor=awaited_minor))
    lines = tuple(line for line in billing.booked() if line.effective_on <= billing.closes_on)
    day, moved = billing.closes_on, _moves(lines)
    minimum = minimum_of(billing, terms, computed, disputed, moved["fees_minor"])
    moved["interest_minor"] += computed.interest_minor
    moved |= _year_so_far(billing, computed.interest_minor)
    paying_off = _paying_off(computed, billing.book(terms), day, terms.minimum_payment)
    statement = Statement(
        statement_id=f"{account_id}-{billing.number}",
        account_id=account_id,
        number=billing.number,
        currency=currency,
        opened_on=billing.cycle_opened_on,
        closed_on=day,
        due_on=due_of(terms, day),
        limit_minor=limit_minor,
        opening_minor=total(billing.told),
        closing_minor=total(computed.closing),
        **moved,
        disputed_minor=total(disputed),
        grace=GraceStatus.KEPT if computed.kept else GraceStatus.LOST,
        minimum=minimum,
        payoff=disclose(paying_off, terms.minimum_payment, minimum.total_minor),
        balances=_as_told(billing.told, computed.balances),
        lines=lines,
        interest=computed.lines,
        deferred=accruing.told(billing, computed.closing, computed.deferred),
    )
    return statement, computed.streak, computed.deferred


def _year_so_far(billing: Billing, interest_minor: int) -> dict[str, int]:
    interest = billing.interest_of_year_minor + interest_minor - later_of(billing, INTEREST)
    fees = billing.fees_of_year_minor - later_of(billing, FEES)
    return {"year_to_date_interest_minor": interest, "year_to_date_fees_minor": fees}


def later_of(billing: Billing, kinds: tuple[LineKind, ...]) -> int:
    """What is booked before a close is run and takes effect after it: it is of the next cycle."""
    return sum(
        line.amount_minor
        for line in billing.booked()
        if line.kind in kinds and line.effective_on > billing.closes_on
    )


def _moves(lines: Sequence[StatementLine]) -> dict[str, int]:
    """What the entries of a cycle add up to, by the fields of a statement."""

    def of(*kinds: LineKind, bucket: str = "") -> int:
        return sum(
            line.amount_minor
            for line in lines
            if line.kind in kinds and bucket in ("", category_of(line.bucket))
        )

    other = (LineKind.PAYMENT_RETURNED, LineKind.CREDIT_REFUNDED, LineKind.CHARGED_OFF)
    return {
        "purchases_minor": of(LineKind.CHARGE) - of(LineKind.CHARGE, bucket=CASH_ADVANCE),
        "cash_advances_minor": of(LineKind.CHARGE, bucket=CASH_ADVANCE),
        "balance_transfers_minor": of(LineKind.BALANCE_TRANSFER),
        "refunds_minor": -of(LineKind.REFUND, LineKind.CREDIT),
        "other_debits_minor": of(*other),
        "payments_minor": -of(LineKind.PAYMENT),
        "fees_minor": of(*FEES),
        "interest_minor": of(*INTEREST),
    }


def minimum_of(
    billing: Billing,
    terms: BillingTerms,
    computed: Computed,
    disputed: Sequence[Balance],
    fees_minor: int,
) -> MinimumPayment:
    """What must be paid: by the rule, of what is neither disputed nor in an instalment plan, with
    instalments of what is not disputed and what is past due; never more than is owed."""
    rule = terms.minimum_payment
    out = {each.bucket: each.minor for each in disputed}
    planned = {
        each.bucket: max(0, each.minor - out.get(each.bucket, 0))
        for each in computed.closing
        if is_plan(each.bucket)
    }
    owed = max(0, total(computed.closing) - sum(out.values()))
    revolving = max(0, owed - sum(planned.values()))
    part = share(revolving, rule.basis_points)
    part += computed.interest_minor if rule.includes_interest else 0
    part += max(0, fees_minor) if rule.includes_fees else 0
    past_due = min(owed, billing.past_due_minor(billing.closes_on))
    billed = instalments_due(billing.plans, computed.balances, past_due)
    asked = sum(min(each.minor, planned.get(each.bucket, 0)) for each in billed)
    instalments = min(asked, owed - past_due)
    # What is past due is within the balance: the rest of it is all that the rule can ask for.
    regular = min(max(part, rule.floor_minor), revolving, owed - past_due - instalments)
    return MinimumPayment(
        total_minor=regular + instalments + past_due,
        regular_minor=regular,
        instalments_minor=instalments,
        past_due_minor=past_due,
    )


def _as_told(told: Sequence[Balance], lines: Sequence[BalanceLine]) -> tuple[BalanceLine, ...]:
    """Balances that open as the statement before closed: what was back-dated is in debits and
    credits of this one."""
    before = {each.bucket: each.minor for each in told}
    made = [_moved(line, before.pop(line.bucket, 0)) for line in lines]
    made += [
        _moved(_empty(bucket, lines[0].days if lines else 0), minor)
        for bucket, minor in sorted(before.items())
    ]
    return tuple(made)


def _moved(line: BalanceLine, opening: int) -> BalanceLine:
    moved = line.opening_minor - opening
    return replace(
        line,
        opening_minor=opening,
        debits_minor=line.debits_minor + max(0, moved),
        credits_minor=line.credits_minor + max(0, -moved),
    )


def _empty(bucket: str, days: int) -> BalanceLine:
    return BalanceLine(
        bucket=bucket,
        balance_type=type_of(bucket),
        plan_id=bucket.partition("/")[2],
        opening_minor=0,
        debits_minor=0,
        credits_minor=0,
        interest_minor=0,
        closing_minor=0,
        average_daily_balance_minor=0,
        days=days,
        apr_basis_points=0,
    )


def _paying_off(
    computed: Computed, book: RateBook, day: date, rule: MinimumPaymentRule
) -> list[PayingOff]:
    """The balances with their rates now and after a promotion."""
    found: list[PayingOff] = []
    deferred = []
    for each in computed.closing:
        if each.bucket == CREDIT or each.minor <= 0:
            continue
        now = book.apr(each.bucket, day)
        later = [
            (month, apr)
            for month in range(1, MONTHS_LOOKED_AHEAD + 1)
            if (apr := book.apr(each.bucket, months_later(day, month))) != now
        ]
        month, apr = later[0] if later else (0, now)
        if month and book.deferred_until(each.bucket, day):
            deferred.append(len(found))
        found.append(
            PayingOff(
                minor=each.minor,
                apr_basis_points=now,
                promo_ends_in_month=month,
                apr_after_basis_points=apr,
            )
        )
    return with_deferred(found, rule, deferred) if deferred else found
